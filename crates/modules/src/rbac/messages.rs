//! Log messages of access control.

observe::messages! {
    /// A command goes on.
    Accepted { command, role, peer } = "RBAC_COMMAND_ACCEPTED", "rbac-hooks", Debug(40),
        "command '{command}' from {peer} with role '{role}' is accepted",
        "The role of the request may send the command.";
    /// A command ends here.
    Rejected { command, role, peer } = "RBAC_COMMAND_REJECTED", "rbac-hooks", Info,
        "command '{command}' from {peer} with role '{role}' is rejected",
        "The role of the request may not send the command; the client is told so with status 403.";
    /// Their access is not known.
    NotDescribed { commands } = "RBAC_COMMANDS_NOT_DESCRIBED", "rbac-hooks", Warn,
        "commands that no file of api-files describes: {commands}",
        "A role with lists by access right or hook library can not send them. Take api-files of this version.";
    /// The connection is not encrypted.
    NoTls { peer } = "RBAC_TLS_REQUIRED", "rbac-hooks", Info,
        "request from {peer} is rejected: it did not come over HTTPS",
        "require-tls is set, and the request came in clear text; the client is told so with status 401.";
}
