"""What of Kestra's clients has no meaning for onbeat, and why: each method is called by a test here, or named below.

Used by: test_clients.py, tests/docs for the table.
"""

from tests.kestra import executions, flows, others
from tests.kestra.calls import CALLS

assert all((executions, flows, others)), "they register their calls"

ENTERPRISE = "part of Kestra's Enterprise Edition that onbeat has no counterpart of"
USERS = "users, tokens and roles are onbeat's own: `onbeat users`, `onbeat tokens`, `/users`, `/tokens` (see Access)"
CREDENTIALS = "credentials of Kestra's Enterprise Edition; a secret does their work here"
DEFAULTS = "defaults of plugins are the flow's or the server's: `pluginDefaults`, the setting `plugin_defaults`"
INSTALLS = "plugins are Python packages: `pip install` installs them"
PROMOTIONS = "promotion of flows between Kestra's instances"

CLASSES = {
    "AiApi": "Kestra's copilot",
    "AppsApi": ENTERPRISE,
    "AssetsApi": ENTERPRISE,
    "AuditLogsApi": "onbeat's audit log is `/audit`",
    "BannersApi": ENTERPRISE,
    "BindingsApi": USERS,
    "BlueprintsApi": "Kestra's library of examples; onbeat's are in its documentation",
    "CaseTemplatesApi": ENTERPRISE,
    "CasesApi": ENTERPRISE,
    "CredentialsApi": CREDENTIALS,
    "GroupsApi": USERS,
    "InstanceApi": "the services of Kestra's cluster; onbeat is one process, `/status` tells of it",
    "InvitationsApi": USERS,
    "KillSwitchesApi": ENTERPRISE,
    "McpApi": "Kestra's copilot",
    "McpServersApi": "Kestra's copilot",
    "NotificationsApi": ENTERPRISE,
    "PoliciesApi": ENTERPRISE,
    "PromotionTargetsApi": PROMOTIONS,
    "QuotasApi": ENTERPRISE,
    "ReusableInputsApi": ENTERPRISE,
    "RolesApi": USERS,
    "SecurityIntegrationsApi": ENTERPRISE,
    "ServiceAccountApi": USERS,
    "TenantAccessApi": "there is one tenant, `main`",
    "TenantsApi": "there is one tenant, `main`",
    "TestSuitesApi": "Kestra's unit tests run with `onbeat test`, without a server",
    "UsersApi": USERS,
    "WorkerGroupsApi": "there are no workers apart from the daemon",
    "WorkerQueuesApi": "there are no workers apart from the daemon",
}
METHODS = {
    "ExecutionsApi.resume_execution_from_breakpoint": "onbeat has no breakpoints",
    "FlowsApi.update_concurrency_limit": "the number of executions at work is counted, and cannot be set",
    "FlowsApi.preview_policies": ENTERPRISE,
    "FlowsApi.preview_replace_by_source_code": "search and replace in all flows; they are files here, and `sed` does it",
    "FlowsApi.apply_replace_by_source_code": "search and replace in all flows; they are files here, and `sed` does it",
    "FlowsApi.replace_line_by_source_code": "search and replace in all flows; they are files here, and `sed` does it",
    "FlowsApi.flow_hashes_by_ids": PROMOTIONS,
    "FlowsApi.promote": PROMOTIONS,
    "FlowsApi.promote_by_ids": PROMOTIONS,
    "FlowsApi.promote_diff": PROMOTIONS,
    "FlowsApi.list_promotions": PROMOTIONS,
    "FlowsApi.report_promote": PROMOTIONS,
    "MeApi.update_current_user": USERS,
    "MeApi.create_api_token": USERS,
    "MeApi.delete_api_token": USERS,
    "MiscApi.auths": ENTERPRISE,
    "MiscApi.basic_auth_validation_errors": "Kestra's set-up page",
    "MiscApi.create_basic_auth": "Kestra's set-up page; `onbeat users` makes users",
    "MiscApi.generate_reports": ENTERPRISE,
    "MiscApi.license_info": "onbeat has no licence to ask for",
    "MiscApi.login_configuration": ENTERPRISE,
    "MiscApi.refresh_license": "onbeat has no licence to ask for",
    "MiscApi.setup_configuration": "Kestra's set-up page",
    "MiscApi.setup_kestra": "Kestra's set-up page",
    "MiscApi.worker_selector_tags": "there are no workers apart from the daemon",
    "NamespacesApi.export_plugin_defaults": DEFAULTS,
    "NamespacesApi.import_plugin_defaults": DEFAULTS,
    "NamespacesApi.list_namespace_credentials": CREDENTIALS,
    "NamespacesApi.create_namespace_credential": CREDENTIALS,
    "NamespacesApi.get_inherited_credentials": CREDENTIALS,
    "NamespacesApi.namespace_credential": CREDENTIALS,
    "NamespacesApi.update_namespace_credential": CREDENTIALS,
    "NamespacesApi.delete_namespace_credential": CREDENTIALS,
    "NamespacesApi.test_namespace_connection": CREDENTIALS,
    "PluginsApi.plugin_icon": "plugins have no pictures",
    "PluginsApi.plugin_icon_svg": "plugins have no pictures",
    "PluginsApi.plugin_install_job": INSTALLS,
    "PluginsApi.install_plugins": INSTALLS,
    "PluginsApi.detect_missing_plugins": INSTALLS,
    "PluginsApi.plugin_ui": "plugins bring no pages of their own",
    "PluginsApi.plugin_ui_manifest": "plugins bring no pages of their own",
}


def called() -> set[str]:
    """The methods that a test calls."""
    return {method for methods, _ in CALLS for method in methods}


def without(method: str) -> str | None:
    """Why a method has no meaning here; None when it has."""
    return METHODS.get(method) or CLASSES.get(method.partition(".")[0])
