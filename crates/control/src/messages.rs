//! Log messages of the control channels.

observe::messages! {
    AcceptorStart { path } = "COMMAND_ACCEPTOR_START", "commands", Info,
        "Starting to accept connections via unix domain socket bound to {path}",
        "The control socket is open; commands are taken from now on.";
    Deregistered { name } = "COMMAND_DEREGISTERED", "commands", Debug(10),
        "Command {name} deregistered",
        "The command is no longer offered, as when the library that brought it is taken out of the configuration.";
    HttpListenerStarted { address, port, tls } = "COMMAND_HTTP_LISTENER_STARTED", "commands", Debug(10),
        "Command HTTP listener started, listening on address: {address} port: {port}, use TLS: {tls}",
        "The HTTP control socket is open; requests are taken from now on.";
    HttpListenerStopped { address, port } = "COMMAND_HTTP_LISTENER_STOPPED", "commands", Debug(10),
        "Command HTTP listener for address: {address} port: {port} stopped.",
        "The HTTP control socket is closed and its last connection has ended.";
    HttpListenerStopping { address, port } = "COMMAND_HTTP_LISTENER_STOPPING", "commands", Debug(10),
        "Stopping Command HTTP listener for address: {address} port: {port}",
        "The HTTP control socket takes no more connections; commands in work are finished.";
    ProcessError1 { error } = "COMMAND_PROCESS_ERROR1", "commands", Warn,
        "Error while processing command: {error}",
        "What arrived on the control socket is not a JSON value. The sender got the same text.";
    ProcessError2 { error } = "COMMAND_PROCESS_ERROR2", "commands", Warn,
        "Error while processing command: {error}",
        "A JSON value arrived that is not a well-formed command. The sender got the same text.";
    Received { name } = "COMMAND_RECEIVED", "commands", Info,
        "Received command '{name}'",
        "A command arrived. What comes of it is logged by the part of the server that it concerns.";
    Registered { name } = "COMMAND_REGISTERED", "commands", Debug(10),
        "Command {name} registered",
        "The command is offered from now on.";
    ResponseError { name } = "COMMAND_RESPONSE_ERROR", "commands", Error,
        "Server failed to generate response for command: {name}",
        "The command ended without an answer because of a fault in the server; please report it. The server goes on.";
    AcceptFail { path, error } = "COMMAND_SOCKET_ACCEPT_FAIL", "commands", Error,
        "Failed to accept incoming connection on command socket {path}: {error}",
        "A connection to the control socket could not be taken, as when the process has no descriptors left. The server tries again.";
    ClosedByForeignHost { peer, detail } = "COMMAND_SOCKET_CLOSED_BY_FOREIGN_HOST", "commands", Info,
        "Closed command socket {peer} by foreign host, {detail}",
        "The client went away before its command was complete.";
    ConnectionClosed { peer } = "COMMAND_SOCKET_CONNECTION_CLOSED", "commands", Debug(10),
        "Closed socket {peer} for existing command connection",
        "A connection of the control socket has ended.";
    ConnectionOpened { peer } = "COMMAND_SOCKET_CONNECTION_OPENED", "commands", Debug(10),
        "Opened socket {peer} for incoming command connection",
        "A client connected to the control socket.";
    ConnectionTimeout { peer } = "COMMAND_SOCKET_CONNECTION_TIMEOUT", "commands", Info,
        "Timeout occurred for connection over socket {peer}",
        "The client did not complete its command in time, or did not read the answer. The connection is closed.";
    ConnectionEvicted { peer } = "COMMAND_SOCKET_CONNECTION_EVICTED", "commands", Warn,
        "Closed socket {peer}: too many connections, and this one waited longest for its client",
        "The control socket has as many connections as it may have. The one that has waited longest for its client made room for a new one.";
    SocketRead { octets, peer } = "COMMAND_SOCKET_READ", "commands", Debug(10),
        "Received {octets} bytes over command socket {peer}",
        "A piece of a command arrived.";
    SocketReadFail { error, peer } = "COMMAND_SOCKET_READ_FAIL", "commands", Error,
        "Encountered error {error} while reading from command socket {peer}",
        "The connection broke while a command was read.";
    SocketWrite { octets, peer } = "COMMAND_SOCKET_WRITE", "commands", Debug(10),
        "Sent response of {octets} bytes (0 bytes left to send) over command socket {peer}",
        "The answer has been sent.";
    SocketWriteFail { peer, error } = "COMMAND_SOCKET_WRITE_FAIL", "commands", Error,
        "Error while writing to command socket {peer} : {error}",
        "The answer could not be sent, mostly because the client is gone. The command has been carried out.";
    RequestAuthorized { user } = "HTTP_CLIENT_REQUEST_AUTHORIZED", "auth", Info,
        "received HTTP request authorized for '{user}'",
        "A request with good credentials arrived.";
    BadAuthHeader { error } = "HTTP_CLIENT_REQUEST_BAD_AUTH_HEADER", "auth", Info,
        "received HTTP request with malformed authentication header: {error}",
        "The request is refused: its Authorization header is not one of basic authentication.";
    NotAuthorized = "HTTP_CLIENT_REQUEST_NOT_AUTHORIZED", "auth", Info,
        "received HTTP request with not matching authentication header",
        "The request is refused: nobody has this user name and password.";
    NoAuthHeader = "HTTP_CLIENT_REQUEST_NO_AUTH_HEADER", "auth", Info,
        "received HTTP request without required authentication header",
        "The request is refused: it carries no credentials.";
    BadRequest { peer, error } = "HTTP_BAD_CLIENT_REQUEST_RECEIVED", "http", Debug(40),
        "bad request received from {peer}: {error}",
        "A request was refused because it is not a POST of a JSON value.";
    HandshakeFailed { peer, error } = "HTTP_CONNECTION_HANDSHAKE_FAILED", "http", Info,
        "TLS handshake with {peer} failed with {error}",
        "A client could not agree with the server on an encrypted connection: it shows no certificate where one is required, or one that the trust anchor does not vouch for, or does not trust the server.";
    RequestReceived { peer } = "HTTP_CLIENT_REQUEST_RECEIVED", "http", Debug(40),
        "received HTTP request from {peer}",
        "A whole request has arrived.";
    RequestTimeout { peer } = "HTTP_CLIENT_REQUEST_TIMEOUT_OCCURRED", "http", Debug(50),
        "HTTP request timeout occurred when communicating with {peer}",
        "The client did not complete its request in time; it is told so with status 408.";
    IdleTimeout { peer } = "HTTP_IDLE_CONNECTION_TIMEOUT_OCCURRED", "http", Debug(50),
        "closing persistent connection with {peer} as a result of a timeout",
        "No further request came over a connection that was kept open.";
    HttpAcceptFail { address, error } = "HTTP_ACCEPT_FAIL", "http", Error,
        "Failed to accept incoming HTTP connection on {address}: {error}",
        "A connection could not be taken, as when the process has no descriptors left. The server tries again.";
    HttpEvicted { peer } = "HTTP_CONNECTION_EVICTED", "http", Warn,
        "closing HTTP connection with {peer}: too many connections, and this one waited longest for its client",
        "There are as many HTTP connections as there may be. The one that has waited longest for its client made room for a new one.";
    HttpConnectionStop { peer } = "HTTP_CONNECTION_STOP", "http", Debug(40),
        "stopping HTTP connection from {peer}",
        "An HTTP connection has ended.";
    ResponseSend { status, peer } = "HTTP_SERVER_RESPONSE_SEND", "http", Debug(40),
        "sending HTTP response {status} to {peer}",
        "A request is answered.";
}
