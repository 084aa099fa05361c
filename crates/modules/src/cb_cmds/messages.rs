//! Log messages of the commands.

observe::messages! {
    /// An object that servers can not run was stored.
    Forced { command, finding } = "CB_CMDS_FORCED", "cb-cmds-hooks", Warn,
        "{command}: stored by force: {finding}",
        "The command had \"force\": true, and so an object was stored that a server will not be able to run. Servers \
         that fetch it keep their previous configuration and say so.";
    /// Something that may be a mistake.
    Odd { command, text } = "CB_CMDS_ODD_OBJECT", "cb-cmds-hooks", Warn,
        "{command}: {text}",
        "The object was stored, but refers to something that no server knows at the moment, or removes something that \
         is in use. It may be a slip of the pen.";
}
