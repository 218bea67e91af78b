"""Name the options of a request, those that Kestra had before included."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from onbeat.core.durations import Duration

MEGABYTE = 1024 * 1024


class Part(BaseModel):
    """A part of the options: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Timeouts(Part):
    """How long to wait for the connection, and for each next piece of the response."""

    connect: Duration = Field(timedelta(seconds=30), alias="connectTimeout")
    idle: Duration = Field(timedelta(minutes=5), alias="readIdleTimeout")


class Basic(Part):
    """User and password."""

    type: Literal["BASIC"]
    username: str = ""
    password: str = Field("", repr=False)


class Bearer(Part):
    """A token."""

    type: Literal["BEARER"]
    token: str = Field(repr=False)


class Ssl(Part):
    """insecureTrustAllCertificates: do not check who answers."""

    insecure: bool = Field(False, alias="insecureTrustAllCertificates")


class Proxy(Part):
    """The way out, when there is one. With a proxy it is the proxy that decides what may be reached."""

    type: Literal["DIRECT", "HTTP"] = "HTTP"
    address: str | None = None
    port: int = 8080
    username: str | None = None
    password: str | None = Field(None, repr=False)


class Options(Part):
    """How to call. connectTimeout, readTimeout and readIdleTimeout are older names of the timeouts, basicAuthUser and
    basicAuthPassword of `auth`."""

    timeout: Timeouts = Timeouts()
    """How long is waited."""
    connect_timeout: Duration | None = Field(None, alias="connectTimeout")
    read_timeout: Duration | None = Field(None, alias="readTimeout")
    read_idle_timeout: Duration | None = Field(None, alias="readIdleTimeout")
    pool_timeout: Duration | None = Field(None, alias="connectionPoolIdleTimeout")
    follow_redirects: bool = Field(True, alias="followRedirects")
    allow_failed: bool = Field(False, alias="allowFailed")
    allowed_response_codes: list[int] | None = Field(None, alias="allowedResponseCodes")
    auth: Annotated[Basic | Bearer, Field(discriminator="type")] | None = None
    """How it says who asks."""
    basic_user: str | None = Field(None, alias="basicAuthUser")
    basic_password: str | None = Field(None, alias="basicAuthPassword", repr=False)
    ssl: Ssl = Ssl()
    """Whom it trusts."""
    proxy: Proxy | None = None
    """What it goes through."""
    default_charset: str = Field("UTF-8", alias="defaultCharset")
    max_content_length: int = Field(10 * MEGABYTE, alias="maxContentLength", ge=1, le=100 * MEGABYTE)
    logs: list[Literal["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"]] = []
    log_level: Any = Field(None, alias="logLevel")

    @model_validator(mode="after")
    def _one_auth(self) -> "Options":
        if self.auth is not None and (self.basic_user is not None or self.basic_password is not None):
            raise ValueError("write `auth`, or `basicAuthUser` and `basicAuthPassword`, not both")
        return self

    @property
    def credentials(self) -> Basic | Bearer | None:
        """Who calls, in whichever spelling."""
        if self.auth is None and self.basic_user is not None:
            return Basic(type="BASIC", username=self.basic_user, password=self.basic_password or "")
        return self.auth
