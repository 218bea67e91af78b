"""200 texts that would run a script in a page that is not careful, made from what browsers take for one.

Each calls `alert`, or sets `window.pwned`; the browser test replaces `alert`, so that either is noticed.

Used by: test_scripts.py.
"""

from itertools import product

RUN = ("alert(1)", "window.pwned=1", "top['al'+'ert'](1)", "confirm(1)")
TAGS = (
    "<script>{run}</script>",
    "<ScRiPt>{run}</sCrIpT>",
    "<img src=x onerror={run}>",
    '<img src=x onerror="{run}">',
    "<svg onload={run}>",
    "<svg><script>{run}</script></svg>",
    "<svg/onload={run}//",
    "<body onload={run}>",
    "<iframe srcdoc='<script>parent.{run}</script>'></iframe>",
    "<iframe src=javascript:{run}></iframe>",
    "<details open ontoggle={run}>x</details>",
    "<video><source onerror={run}></video>",
    "<input autofocus onfocus={run}>",
    "<a href=javascript:{run}>x</a>",
    "<a href=' &#106;avascript:{run}'>x</a>",
    "<math><mtext><table><mglyph><style><img src=x onerror={run}>",
    "<object data=javascript:{run}></object>",
    "<embed src=javascript:{run}>",
    "<form action=javascript:{run}><button>x</button></form>",
    "<style>@import 'javascript:{run}';</style>",
    "<link rel=stylesheet href=javascript:{run}>",
    "<base href=javascript:{run}//>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<template><script>{run}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
)
BREAKS = (
    '"><img src=x onerror={run}>',
    "'><img src=x onerror={run}>",
    "</script><script>{run}</script>",
    "</textarea><script>{run}</script>",
    "</title><script>{run}</script>",
    "--><script>{run}</script>",
    "]]><script>{run}</script>",
    '" onmouseover="{run}',
    "' onfocus='{run}' autofocus='",
    "`${{{run}}}`",
    "{{{{{run}}}}}",
    "\u2028<script>{run}</script>",
    "\u202e<script>{run}</script>",
    "&lt;script&gt;{run}&lt;/script&gt;",
    "%3Cscript%3E{run}%3C/script%3E",
    "<scr<script>ipt>{run}</scr</script>ipt>",
)
MARKDOWN = (
    "[x](javascript:{run})",
    "[x](JaVaScRiPt:{run})",
    "[x](java\tscript:{run})",
    "[x](data:text/html,<script>{run}</script>)",
    "[x](vbscript:{run})",
    "![x](javascript:{run})",
    '![x](x"onerror="{run})',
    "<javascript:{run}>",
    "[x]: javascript:{run}\n\n[x]",
    "```html\n<script>{run}</script>\n```",
    "<div onclick={run}>x</div>",
    "[x](&#106;avascript:{run})",
    '[x](//x" onclick="{run})',
    "# <img src=x onerror={run}>",
    "| a |\n|---|\n| <img src=x onerror={run}> |",
    "javascript:{run}",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==#{run}",
    "\x1b]8;;javascript:{run}\x07x\x1b]8;;\x07",
    "\x1b[31m<img src=x onerror={run}>\x1b[0m",
    "__proto__",
    "constructor",
    "<img src=x onerror=\u0000{run}>",
    "<svg><animate onbegin={run} attributeName=x dur=1s>",
    "<marquee onstart={run}>x</marquee>",
    "<x contenteditable onblur={run}>x</x>",
    "<select autofocus onfocus={run}></select>",
)

PAYLOADS = list(dict.fromkeys(form.format(run=run) for run, form in product(RUN, (*TAGS, *BREAKS, *MARKDOWN))))[:200]
"""All of them."""
