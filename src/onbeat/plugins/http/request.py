"""Call a web service and give its answer."""

from typing import ClassVar, Literal

from pydantic import Field

from onbeat.plugins.http.call import SHOWN, Call, Caller, head
from onbeat.ports import Outcome, TaskContext, TaskFailed, TaskOptions


class Request(Call, TaskOptions):
    """Sends a request and gives the response: `code`, `headers` (each a list), `body` (text; `json(outputs.x.body)` reads it), `uri`.

    A `body` that is a map or a list is sent as JSON. `formData` is sent as a form, with `contentType: multipart/form-data` in parts: a
    `kestra://` address there is a file, `{name, content}` gives it a name. Each attempt carries the same `Idempotency-Key`, so that a
    service that knows the header does the work once.

    Example:

    ```yaml
    tasks:
      - id: charge
        type: core.http.Request
        uri: https://payments.example.com/charges
        method: POST
        body:
          order: "{{ trigger.data.id }}"
          amount: "{{ trigger.data.total }}"
        options:
          auth:
            type: BEARER
            token: "{{ secret('PAYMENTS_TOKEN') }}"
          timeout:
            readIdleTimeout: PT20S
        retry:
          type: exponential
          interval: PT1S
          maxInterval: PT30S
          maxAttempts: 5
      - id: use
        type: core.log.Log
        message: "{{ outputs.charge.code }} {{ json(outputs.charge.body).status }}"
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("core.http.Request",)

    encrypt_body: Literal[False] = Field(False, alias="encryptBody")
    """Not available: outputs are kept as they are. What must not be seen is for the service to encrypt."""

    async def run(self, context: TaskContext) -> Outcome:
        """Send it and read the response."""
        async with self.answered(Caller.of(context)) as response:
            outputs = {**head(response), "body": self.text(await self.read(response), response)}
        if "RESPONSE_BODY" in self.options.logs:
            context.log("INFO", outputs["body"][:SHOWN])
        if not self.allows(outputs["code"]):
            if outputs["body"]:
                context.log("WARN", outputs["body"][:SHOWN])
            raise TaskFailed(self.refusal(outputs), outputs)
        return Outcome(outputs=outputs)
