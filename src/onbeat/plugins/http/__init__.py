"""Call web services: `core.http.Request`, `Download`, `SseRequest`, and `core.http.Trigger`, which asks again and again.

request.py, download.py, sse.py   the tasks          trigger.py   the source
call.py                           what they share: a request, its options, how an answer is judged
options.py                        the models of `options:`
address.py                        which addresses may be called
"""

from onbeat.plugins.http.download import Download
from onbeat.plugins.http.request import Request
from onbeat.plugins.http.sse import SseRequest
from onbeat.plugins.http.trigger import Trigger

PROVIDES = (Request, Download, SseRequest, Trigger)
