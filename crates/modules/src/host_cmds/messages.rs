//! Log messages of the commands.

observe::messages! {
    /// A command came.
    Received { name, arguments } = "HOST_CMDS_RESERV_COMMAND", "host-cmds-hooks", Debug(40),
        "{name} command called (parameters: {arguments})",
        "A command on host reservations arrived.";
    /// A reservation came.
    Added { reservation } = "HOST_CMDS_RESERV_ADD_SUCCESS", "host-cmds-hooks", Info,
        "reservation-add command success (parameters: {reservation})",
        "A host reservation was added by command.";
    /// A reservation did not come.
    AddFailed { reservation, reason } = "HOST_CMDS_RESERV_ADD_FAILED", "host-cmds-hooks", Error,
        "reservation-add command failed (parameters: {reservation}, reason: {reason})",
        "The command was wrong, or the reservation is at odds with another. Nothing changed.";
    /// A reservation went.
    Deleted { reservation } = "HOST_CMDS_RESERV_DEL_SUCCESS", "host-cmds-hooks", Info,
        "reservation-del command success (parameters: {reservation})",
        "A host reservation was deleted by command, or was not there.";
    /// A reservation did not go.
    DeleteFailed { reservation, reason } = "HOST_CMDS_RESERV_DEL_FAILED", "host-cmds-hooks", Error,
        "reservation-del command failed (parameters: {reservation}, reason: {reason})",
        "The command was wrong. Nothing changed.";
    /// A reservation changed.
    Updated { reservation } = "HOST_CMDS_RESERV_UPDATE_SUCCESS", "host-cmds-hooks", Info,
        "reservation-update command success (parameters: {reservation})",
        "A host reservation was replaced by command.";
    /// A reservation did not change.
    UpdateFailed { reservation, reason } = "HOST_CMDS_RESERV_UPDATE_FAILED", "host-cmds-hooks", Error,
        "reservation-update command failed (parameters: {reservation}, reason: {reason})",
        "The command was wrong, or there is no such reservation. Nothing changed.";
    /// Reservations were not shown.
    GetFailed { name, reason } = "HOST_CMDS_RESERV_GET_FAILED", "host-cmds-hooks", Error,
        "{name} command failed (reason: {reason})",
        "The command was wrong.";
}
