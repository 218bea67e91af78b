"""Say what a YAML key is where the source has no docstring under the field: one sentence each, by the class that has the field.

Rules
1. A key has a docstring or a sentence here, never both: the making of the reference pages fails for anything else.
2. Links are those of the reference pages; `said_of` gives the sentence without them.

Called by: schema_models (editors, the API's pages of plugins), the making of the reference pages.
"""

import re
from typing import Any

from onbeat.engine.words_of_flows import FLOW_WORDS

WORDS: dict[str, dict[str, str]] = {
    **FLOW_WORDS,
    "plugins.log.Log": {
        "message": "What to log. A list is a line each.",
        "level": "The lines' level.",
    },
    "plugins.debug.Return": {"format": "The value."},
    "plugins.debug.Echo": {"format": "The text.", "level": "Its level."},
    "plugins.output.OutputValues": {"values": "The values by name."},
    "plugins.execution.own.Fail": {
        "condition": "Fail only when this is true.",
        "errorMessage": "What the execution says of it.",
    },
    "plugins.flow.Sleep": {"duration": "How long."},
    "plugins.flow.ForEachItemMerge": {"subflowOutputs": "What the flows gave."},
    "plugins.event.Publish": {
        "topic": "The topic.",
        "data": "The event's data.",
        "key": "Events with the same key stay in sequence.",
        "eventId": "The event's id, which makes it once on the topic. Without it: the task run's.",
        "headers": "Headers of the event: `{{ trigger.headers.NAME }}`.",
    },
    "plugins.python.Call": {
        "target": "The function: `package.module:function`.",
        "kwargs": "Its arguments.",
        "mode": "Where it runs.",
    },
    "plugins.http.options.Timeouts": {
        "connectTimeout": "Longest time to connect.",
        "readIdleTimeout": "Longest time without a piece of the answer.",
    },
    "plugins.http.options.Options": {
        "connectTimeout": "Old name of `timeout.connectTimeout`.",
        "readTimeout": "Old name of `timeout.readIdleTimeout`.",
        "readIdleTimeout": "Old name of `timeout.readIdleTimeout`.",
        "connectionPoolIdleTimeout": "Taken for Kestra's sake: each request has its own connection.",
        "basicAuthUser": "Old name of `auth.username`.",
        "basicAuthPassword": "Old name of `auth.password`.",
        "logLevel": "Taken for Kestra's sake; see `logs`.",
        "followRedirects": "Go where a redirect leads.",
        "allowFailed": "A status of 400 and more does not fail the task.",
        "allowedResponseCodes": "The statuses that do not fail the task, instead of those below 400.",
        "defaultCharset": "How the answer is read when it does not say.",
        "maxContentLength": "Largest answer in bytes, after decompression.",
        "logs": "What is logged; credentials are masked.",
    },
    "plugins.http.options.Basic": {"type": "User and password.", "username": "The user.", "password": "The password."},
    "plugins.http.options.Bearer": {"type": "A token.", "token": "The token."},
    "plugins.http.options.Ssl": {"insecureTrustAllCertificates": "Do not check who answers."},
    "plugins.http.options.Proxy": {
        "type": "`HTTP`: go through it.",
        "address": "Its host.",
        "port": "Its port.",
        "username": "Our name there.",
        "password": "Our password there.",
    },
    "ports.tasks.WorkspaceTask": {
        "inputFiles": "Files in its working directory: name to content, or to an address in storage or `nsfile:///path`.",
        "outputFiles": "Names or patterns of files to keep in storage: `{{ outputs.ID.outputFiles['NAME'] }}` is the address.",
        "namespaceFiles": "Files of namespaces in its working directory, before `inputFiles`.",
    },
    "plugins.scripts.script.Script": {
        "env": "Variables of its environment: the way to give it event data.",
        "interpreter": "The program that runs the lines, and its arguments.",
        "beforeCommands": "Lines that run first.",
        "failFast": "The first command that fails ends it.",
        "warningOnStdErr": "Lines on stderr make a success a `WARNING`.",
        "containerImage": "Taken for Kestra's sake; scripts run on this machine.",
        "docker": "Taken for Kestra's sake; scripts run on this machine.",
        "runner": "Only `PROCESS`.",
        "taskRunner": "Only `core.runner.Process`.",
        "targetOS": "Taken for Kestra's sake.",
    },
    "plugins.scripts.python.Python": {
        "dependencies": "Packages to install first, from the index that this machine's pip or uv uses.",
        "packageManager": "`UV` or `PIP`; without it uv where it is installed.",
        "dependencyCacheEnabled": "Keep what was installed for the next task with the same list.",
        "pythonVersion": "Another Python than the one that runs onbeat; needs uv.",
    },
    "plugins.scripts.shell.ShellScript": {"script": "The script."},
    "plugins.scripts.shell.ShellCommands": {"commands": "The commands."},
    "plugins.scripts.python.PythonScript": {"script": "The script."},
    "plugins.scripts.python.PythonCommands": {"commands": "The commands."},
    "plugins.scripts.node.NodeScript": {"script": "The script."},
    "plugins.kafka.produce.Produce": {
        "topic": "The topic; a message may name its own.",
        "key": "The message's key.",
        "value": "The message's value.",
        "headers": "Headers: a map, or a list of `{key, value}`.",
        "partition": "The partition; else the key chooses.",
        "from": "Several messages: maps, or the address of a file in storage.",
        "brokers": "The brokers, `host:port` with commas. `properties.bootstrap.servers` is the same.",
        "properties": "The Java client's properties: security, time-outs, compression.",
        "keySerializer": "How keys become bytes.",
        "valueSerializer": "How values become bytes.",
        "serdeProperties": "Taken for Kestra's sake.",
        "transactional": "All messages or none; by default when there are several.",
    },
    "plugins.mqtt.address.Broker": {
        "username": "Our user there; it may stand in the address as well.",
        "password": "Its password.",
        "clientCertificate": "Path of our own certificate (PEM), for brokers that ask for one.",
        "httpsHostnameVerificationEnabled": "Check that the certificate names the host.",
        "connectionTimeout": "Longest time to connect, and to wait for an acknowledgement.",
    },
    "plugins.mqtt.publish.Publish": {
        "topic": "The topic, without wildcards.",
        "payload": "The message.",
        "from": "Several messages, or the address of a file in storage.",
        "qos": "Quality of service.",
        "retain": "The broker keeps the message for those who subscribe later.",
        "serdeType": "How the payload becomes bytes.",
    },
    "plugins.webhook.Webhook": {
        "methods": "Methods that start it; HEAD and OPTIONS never do.",
    },
    "plugins.schedule.trigger.Timed": {"timezone": "Time zone of the expression or the dates, by its IANA name."},
    "plugins.schedule.trigger.Schedule": {"cron": "The cron expression."},
    "plugins.schedule.trigger.ScheduleOnDates": {"dates": "The dates."},
    "plugins.bus.EventTrigger": {
        "topic": "The topic, or a list of topics.",
        "from": "Where a new trigger begins: with the next event, or with the first that the topic still holds.",
    },
    "plugins.files.watch.Watch": {
        "directory": "The directory. `from` is the same.",
        "stableFor": "How long a file must not have changed.",
        "ignore": "Patterns of names that are left alone.",
    },
    "plugins.kafka.source.Subscriber": {
        "from": "Where to begin when no position is stored: with what comes now (the default), or with the first record there is.",
    },
    "plugins.kafka.source.RealtimeTrigger": {
        "topic": "The topic, or a list of topics.",
        "topicPattern": "A regular expression of topics, also those that come later.",
        "partitions": "Only these partitions.",
        "groupId": "Consumer group; without it `onbeat` (setting `kafka_group`).",
        "groupType": "Only `CONSUMER`.",
        "brokers": "The brokers, `host:port` with commas; else `properties.bootstrap.servers`, else the setting `kafka_bootstrap_servers`.",
        "properties": "The Java client's properties: security, sessions, fetching. One that is not known is an error.",
        "keyDeserializer": "How keys are read.",
        "valueDeserializer": "How values are read.",
        "serdeProperties": "Taken for Kestra's sake.",
        "onSerdeError": "Taken for Kestra's sake: what cannot be read is a dead event.",
        "since": "Begin with the first record at or after this time, when no position is stored.",
    },
    "plugins.kafka.source.EventTrigger": {"topic": "The topic, or a list of topics."},
    "plugins.mqtt.trigger.RealtimeTrigger": {
        "topic": "Topic or filter (`+`, `#`), or a list of them.",
        "qos": "Quality of service of the subscription.",
        "serdeType": "How a payload is read.",
        "retained": "Which retained messages start.",
        "sessionExpiry": "How long the broker keeps the session while onbeat is away.",
        "receiveMaximum": "How many messages the broker sends ahead of our acknowledgements.",
    },
    "plugins.mqtt.trigger.EventTrigger": {
        "topic": "The topic or filter, or a list of them.",
        "from": "Only `latest`: an MQTT broker keeps no history.",
    },
}

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def where(owner: type[Any]) -> str:
    """How a class is called here: `plugins.log.Log`."""
    return f"{owner.__module__.removeprefix('onbeat.')}.{owner.__name__}"


def said_of(model: type[Any], name: str, key: str) -> str | None:
    """The sentence about a field of a model, by the class of it that has the field; None where there is none here."""
    owner = next((each for each in model.__mro__ if name in vars(each).get("__annotations__", {})), model)
    return WORDS.get(where(owner), {}).get(key)


def without_links(said: str) -> str:
    """What is said, where nothing can be linked to."""
    return _LINK.sub(r"\1", said)
