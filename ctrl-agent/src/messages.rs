//! Log messages of kea-ctrl-agent.

observe::messages! {
    CommandReceived { name, address } = "CTRL_AGENT_COMMAND_RECEIVED", "ctrl-agent", Info,
        "command {name} received from remote address {address}",
        "A command arrived that the agent answers itself or passes on.";
    Forwarded { name, service, address } = "CTRL_AGENT_COMMAND_FORWARDED", "ctrl-agent", Info,
        "command {name} successfully forwarded to the service {service} from remote address {address}",
        "The server has answered; whether it could do what was asked is in its answer.";
    ForwardBegin { name, service } = "CTRL_AGENT_COMMAND_FORWARD_BEGIN", "ctrl-agent", Debug(10),
        "begin forwarding command {name} to service {service}",
        "The command is about to be sent to the control socket of the server.";
    ForwardFailed { name, error } = "CTRL_AGENT_COMMAND_FORWARD_FAILED", "ctrl-agent", Debug(10),
        "failed forwarding command {name}: {error}",
        "There is no answer from the server; the sender got the same text.";
    ConfigCheckFail { error } = "CTRL_AGENT_CONFIG_CHECK_FAIL", "ctrl-agent", Error,
        "Control Agent configuration check failed: {error}",
        "A configuration that was to be checked has a fault. Each fault is a message of its own.";
    ConfigFail { error } = "CTRL_AGENT_CONFIG_FAIL", "ctrl-agent", Error,
        "Control Agent configuration failed: {error}",
        "A configuration cannot be used; the agent goes on with the one before. Each fault is a message of its own.";
    SyntaxWarning { warning } = "CTRL_AGENT_CONFIG_SYNTAX_WARNING", "ctrl-agent", Warn,
        "Control Agent configuration syntax warning: {warning}",
        "The configuration is accepted, but something in it looks like a slip.";
    SecurityWarning { violation } = "CTRL_AGENT_SECURITY_WARNING", "ctrl-agent", Warn,
        "configuration is NOT SECURE: {violation}",
        "The configuration would be refused, had the agent not been started with -X.";
    NoAuthentication { address } = "COMMAND_HTTP_SOCKET_SECURITY_WARNING", "commands", Warn,
        "command socket configuration is NOT SECURE: requests to {address} need no authentication",
        "Everybody who can connect to this address may send commands. Give the Control-agent map an authentication map.";
    HttpStarted { address } = "CTRL_AGENT_HTTP_SERVICE_STARTED", "ctrl-agent", Info,
        "HTTP service bound to address {address}",
        "Requests are taken from now on.";
    Started { version } = "CTRL_AGENT_STARTED", "ctrl-agent", Info,
        "Kea Control Agent version {version} started",
        "The configuration has been read and requests are taken.";
    RunExit = "CTRL_AGENT_RUN_EXIT", "ctrl-agent", Debug(0),
        "application is exiting the event loop",
        "The agent ends.";
}
