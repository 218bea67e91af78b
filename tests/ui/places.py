"""Every page of the web UI, by name, with its address in the seeded world: what screenshots and the sweep for faults go through."""

from tests.ui.world import World


def places(world: World) -> dict[str, str]:
    """Name and address of each page and of each of its views."""
    made = world.executions
    return {
        "dashboard": "/",
        "dashboard-custom": "/dashboards/shop",
        "welcome": "/welcome",
        "executions": "/executions",
        "executions-failed": "/executions?state=FAILED",
        "executions-none": "/executions?q=nobody-is-called-that",
        "execution-failed": f"/executions/{made['failed']}",
        "execution-success": f"/executions/{made['order']}",
        "execution-loop": f"/executions/{made['loop']}",
        "execution-approval": f"/executions/{made['approval']}",
        "execution-paused": f"/executions/{made['paused']}",
        "execution-running": f"/executions/{made['running']}",
        "execution-topology": f"/executions/{made['order']}?view=topology",
        "execution-within": f"/executions/{made['restock']}?view=topology&run={made['restock']}-1&within=root.order",
        "execution-logs": f"/executions/{made['failed']}?view=logs",
        "execution-outputs": f"/executions/{made['order']}?view=outputs",
        "execution-trigger": f"/executions/{made['order']}?view=trigger",
        "execution-unknown": "/executions/0000000000000000000000",
        "flows": "/flows",
        "flows-none": "/flows?q=nobody-is-called-that",
        "flow": "/flows/shop.payments/charge",
        "flow-editor": "/flows/shop.orders/order?tab=editor",
        "flow-source": "/flows?in=source&q=order",
        "flow-within": "/flows/shop.stock/supply?task=first&within=root.first",
        "flow-runs": "/flows/shop.payments/charge?tab=runs",
        "flow-revisions": "/flows/shop.payments/charge?tab=revisions",
        "flow-triggers": "/flows/reports/nightly?tab=triggers",
        "flow-metrics": "/flows/shop.payments/charge?tab=metrics",
        "flow-unknown": "/flows/shop/nothing",
        "flow-new": "/flows/new",
        "triggers": "/triggers",
        "trigger": "/triggers/shop.orders.order.on_order",
        "trigger-schedule": "/triggers/reports.nightly.at_two",
        "events": "/events?topic=shop.orders",
        "events-publish": "/events?tab=publish",
        "events-dead": "/events?tab=dead",
        "events-explain": f"/events?tab=explain&event={world.events['dead1']}",
        "namespaces": "/namespaces",
        "namespace": "/namespaces/shop",
        "namespace-files": "/namespaces/shop?tab=files",
        "namespace-kv": "/namespaces/shop?tab=kv",
        "namespace-secrets": "/namespaces/shop?tab=secrets",
        "plugins": "/plugins",
        "plugin": "/plugins/core.flow.ForEach",
        "settings": "/settings",
        "settings-me": "/settings?tab=me",
        "settings-users": "/settings?tab=users",
        "settings-tokens": "/settings?tab=tokens",
        "settings-audit": "/settings?tab=audit",
        "not-found": "/nothing/here",
    }


PROVOKED = r"status 404: .*(0000000000000000000000|flows/shop/nothing)|console: Failed to load resource.*404"
"""Answers that the pages of what is not there must get."""
