//! Log messages of the commands.

observe::messages! {
    /// A class came.
    Added { name } = "CLASS_CMDS_CLASS_ADD", "class-cmds-hooks", Info,
        "class added: {name}",
        "A client class was added by command.";
    /// A class did not come.
    AddFailed { reason } = "CLASS_CMDS_CLASS_ADD_FAILED", "class-cmds-hooks", Error,
        "failed to add a new class: {reason}",
        "The command was wrong, or the configuration would not be right with the class. Nothing changed.";
    /// A class went.
    Deleted { name } = "CLASS_CMDS_CLASS_DEL", "class-cmds-hooks", Info,
        "class deleted: {name}",
        "A client class was deleted by command.";
    /// A class did not go.
    DeleteFailed { reason } = "CLASS_CMDS_CLASS_DEL_FAILED", "class-cmds-hooks", Error,
        "failed to delete a class: {reason}",
        "The command was wrong, or another class depends on the class. Nothing changed.";
    /// A class was not shown.
    GetFailed { reason } = "CLASS_CMDS_CLASS_GET_FAILED", "class-cmds-hooks", Error,
        "failed to retrieve a class: {reason}",
        "The command was wrong.";
    /// A class changed.
    Updated { name } = "CLASS_CMDS_CLASS_UPDATE", "class-cmds-hooks", Info,
        "class updated: {name}",
        "A client class was replaced by command.";
    /// A class did not change.
    UpdateFailed { reason } = "CLASS_CMDS_CLASS_UPDATE_FAILED", "class-cmds-hooks", Error,
        "failed to update a class: {reason}",
        "The command was wrong, or the configuration would not be right with the change. Nothing changed.";
}
