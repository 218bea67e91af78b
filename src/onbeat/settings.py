"""Read the server's settings once: `onbeat.yaml`, then `ONBEAT_*` in the environment, then what the command line gives.

Rules
1. Every setting has a default, a description and a place in `onbeat doctor`.
2. Nothing else in onbeat reads the environment for its own behaviour.

Called by: cli and daemon.
"""

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

CONFIG_FILE = "onbeat.yaml"


class AlertFlow(BaseModel):
    """The flow that an alert starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str
    id: str


class AlertThen(BaseModel):
    """What an alert does: start a flow, with inputs that see `trigger.*`, or POST JSON to an address, with headers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow: AlertFlow | None = None
    inputs: dict[str, Any] = {}
    webhook: SecretStr | None = None
    headers: dict[str, SecretStr] = {}

    @model_validator(mode="after")
    def _is_one(self) -> "AlertThen":
        if (self.flow is None) == (self.webhook is None):
            raise ValueError("write `flow` or `webhook`: one of them")
        return self


class Alert(BaseModel):
    """When to tell, of what, and whom. on: an execution failed (ended in one of `states`), is stuck (RUNNING or QUEUED without a change for
    so many minutes), or more than `above` events waited at a trigger's source for so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$")
    on: Literal["failure", "stuck", "lag"]
    namespace: str | None = None
    flow: str | None = None
    labels: dict[str, str] = {}
    trigger: str | None = None
    states: tuple[Literal["FAILED", "WARNING", "KILLED", "CANCELLED"], ...] = ("FAILED",)
    minutes: float = Field(30.0, gt=0)
    above: int = Field(1_000, ge=0)
    seconds: float = Field(60.0, ge=0)
    then: AlertThen

    def __str__(self) -> str:
        """In a line, for `onbeat doctor`."""
        target = f"{self.then.flow.namespace}.{self.then.flow.id}" if self.then.flow is not None else "webhook"
        return f"{self.name} (on {self.on}: {target})"

    @model_validator(mode="before")
    @classmethod
    def _says_on(cls, data: Any) -> Any:
        """YAML 1.1, in which the settings are read, takes the key `on` for a yes."""
        return {"on" if name is True else name: value for name, value in data.items()} if isinstance(data, dict) else data


class Quota(BaseModel):
    """What a namespace, with those below it, may use; without one: all. Of each limit the nearest namespace's counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    namespace: str | None = None
    executions_per_minute: int | None = Field(None, gt=0)
    running: int | None = Field(None, gt=0)
    output_bytes: int | None = Field(None, ge=0)
    log_bytes: int | None = Field(None, ge=0)
    kv_bytes: int | None = Field(None, ge=0)

    def __str__(self) -> str:
        """In a line, for `onbeat doctor`."""
        limits = self.model_dump(exclude={"namespace"}, exclude_none=True)
        return f"{self.namespace or 'all'} ({', '.join(f'{name} {limit}' for name, limit in limits.items())})"


class Settings(BaseSettings):
    """All of the server's settings. Each is `ONBEAT_<NAME>` in the environment and `<name>` in onbeat.yaml."""

    model_config = SettingsConfigDict(env_prefix="ONBEAT_", frozen=True, extra="ignore", yaml_file=CONFIG_FILE)

    data: Path = Field(Path(".onbeat"), description="Directory of the store, storage, keys and server.json.")
    flows: list[Path] = Field([Path("flows")], description="Directories of flow files; new flows go to the first.")
    triggers: list[Path] = Field([Path("triggers")], description="Directories of stand-alone trigger files.")
    watch: bool = Field(True, description="Reload flow and trigger files when they change.")
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(8080, ge=0, le=65535, description="Port the API listens on; 0 takes a free one.")
    auth: Literal["token", "none"] = Field("token", description="`none` lets everybody in; off loopback it is refused.")
    allow_unauthenticated_remote: bool = Field(False, description="Allow `auth: none` on an address that is not loopback.")
    public_url: str | None = Field(None, description="Address under which people reach the server, for links.")
    allowed_hosts: list[str] = Field([], description="Host headers that are accepted besides loopback; webhooks are exempt.")
    trusted_proxies: list[str] = Field([], description="Addresses whose X-Forwarded-* headers are believed.")
    session_idle_hours: float = Field(12, gt=0, le=8_760, description="Hours without use after which a browser is logged out.")
    session_days: float = Field(7, gt=0, le=365, description="Days after which a browser is logged out anyway.")
    oidc_issuer: str | None = Field(None, description="OpenID Connect provider by which browsers log in; needs `onbeat[oidc]`.")
    oidc_client_id: str | None = Field(None, description="What the provider knows us as.")
    oidc_client_secret: SecretStr | None = Field(None, description="By which the provider knows us; a public client has none.")
    oidc_claim: str = Field("email", description="Claim of the provider's tokens that is a user's name or mail address.")
    oidc_role: Literal["viewer", "operator", "editor", "admin"] | None = Field(
        None, description="What somebody new may who logs in by the provider; without it only users that are there log in."
    )
    public_webhooks: bool = Field(False, description="Allow webhooks with `auth: none`: anybody may start their flows.")
    bus: Literal["embedded", "kafka", "mqtt"] = Field("embedded", description="Where topics live.")
    kafka_bootstrap_servers: str | None = Field(None, description="Kafka brokers, HOST:PORT with commas.")
    kafka_properties: dict[str, str] = Field({}, description="Java client properties for the bus and the sink: TLS, SASL and such.")
    kafka_group: str = Field("onbeat", description="Consumer group of core.trigger.Event on a Kafka bus.")
    kafka_session_timeout: float = Field(10.0, gt=0, description="Seconds after which Kafka gives a dead daemon's partitions away.")
    mqtt_url: str | None = Field(None, description="MQTT broker, mqtt://[user:password@]host:port or mqtts://.")
    node: str = Field("main", description="Name of this daemon: part of its MQTT client ids.", pattern=r"^[a-zA-Z0-9._-]+$")
    events_topic: str = Field("onbeat.executions", description="Topic of execution state events.")
    sinks: list[Literal["kafka", "mqtt"]] = Field([], description="Brokers that get the state events besides the bus itself.")
    sink_most_behind: int = Field(1_000_000, gt=0, description="Rows of the journal after which a sink that takes none is given up.")
    retention_days: float = Field(90, gt=0, description="Days that ended executions are kept.")
    topic_days: float = Field(7, gt=0, description="Days that records of the embedded bus are kept.")
    topic_bytes: int = Field(1_000_000_000, gt=0, description="Bytes of embedded-bus records that are kept.")
    max_active: int = Field(5_000, gt=0, description="Executions at work at once; past it sources wait and webhooks get 503.")
    quotas: list[Quota] = Field([], description="What namespaces may use at most; see how-to/quotas.")
    max_tasks: int = Field(500, gt=0, description="Tasks that run at once on the event loop.")
    max_processes: int = Field(16, gt=0, description="Processes that tasks run at once.")
    drain: float = Field(30.0, ge=0, description="Seconds that running tasks get at a stop.")
    recover_missed_schedules: Literal["ALL", "LAST", "NONE"] = Field(
        "ALL", description="Which times run that a schedule missed, where it does not say itself."
    )
    webhook_wait: float = Field(300.0, gt=0, description="Seconds that a webhook with `wait` waits for the end of its execution.")
    max_body: int = Field(1_048_576, gt=0, description="Bytes of a request's body.")
    max_upload: int = Field(1_073_741_824, gt=0, description="Bytes of a form with files that starts or resumes an execution.")
    loop: Literal["uvloop", "asyncio"] = Field("uvloop", description="Event loop.")
    log_format: Literal["auto", "json", "pretty"] = Field("auto", description="`auto`: pretty on a terminal, JSON else.")
    traces: str | None = Field(
        None, description="Collector of traces (OTLP over HTTP), such as http://localhost:4318/v1/traces; needs `onbeat[otel]`."
    )
    traces_ratio: float = Field(
        1.0, ge=0, le=1, description="How many of the traces that begin here are recorded; others decide for theirs."
    )
    alerts: list[Alert] = Field(
        [], description="Whom to tell when executions fail or are stuck, or triggers fall behind; see how-to/observability."
    )
    metrics_public: bool = Field(False, description="Let everybody who reaches the server read `/metrics`; without it a token is needed.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level of the daemon's own log.")
    secret_key: SecretStr | None = Field(
        None,
        description="Key of secrets where they are kept, base64 of 32 bytes; with commas several: the first seals, all open. "
        "Without one it is made in the data folder: `secret.key`.",
    )
    encryption_key: SecretStr | None = Field(None, description="The older name of `secret_key`.")
    secrets_dir: Path | None = Field(None, description="Directory of secrets: a file each, beside or in folders of namespaces.")
    egress: Literal["default", "public-only", "allow-all"] = Field(
        "default", description="What HTTP tasks may reach; `default`: all but link-local and metadata addresses."
    )
    egress_allow: list[str] = Field([], description="Hosts, addresses and networks that HTTP tasks may reach whatever `egress` says.")
    plugin_defaults: list[dict[str, Any]] = Field(
        [], description="Values for all tasks and triggers of a type, below each flow's own pluginDefaults: `{type, forced, values}`."
    )
    variables_globals: dict[str, str] = Field({}, description="What expressions see as `globals`.")
    env_prefix: str = Field("ENV_", description="Environment variables with this prefix are `envs` in expressions.")
    server: str | None = Field(None, description="For the CLI: address of the daemon to talk to.")
    token: SecretStr | None = Field(None, description="For the CLI: its token.")

    @field_validator("quotas")
    @classmethod
    def _is_said_once(cls, quotas: list[Quota]) -> list[Quota]:
        twice = [name for name, times in Counter(quota.namespace for quota in quotas).items() if times > 1]
        if twice:
            raise ValueError(f"there are two quotas of {twice[0] or 'all namespaces'}: write one with all its limits")
        return quotas

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line wins over the environment, the environment over the file."""
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls)

    def for_plugins(self) -> dict[str, object]:
        """What sources may see of the settings."""
        return {
            "kafka_bootstrap_servers": self.kafka_bootstrap_servers,
            "kafka_properties": self.kafka_properties,
            "kafka_group": self.kafka_group,
            "kafka_session_timeout": self.kafka_session_timeout,
            "mqtt_url": self.mqtt_url,
            "egress": self.egress,
            "egress_allow": self.egress_allow,
            "node": self.node,
            "environments": str(self.data.absolute() / "environments"),
            "events_topic": self.events_topic,
            "public_webhooks": self.public_webhooks,
            "recover_missed_schedules": self.recover_missed_schedules,
        }


def misspelt() -> list[str]:
    """Keys of onbeat.yaml that are no settings: they would be ignored in silence."""
    path = Path(CONFIG_FILE)
    content = yaml.safe_load(path.read_bytes()) if path.is_file() else None
    return [str(name) for name in content if name not in Settings.model_fields] if isinstance(content, dict) else []
