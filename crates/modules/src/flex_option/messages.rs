//! Log messages of options by expression.

observe::messages! {
    UselessClass { code, class } = "FLEX_OPTION_CONFIG_USELESS_CLASS", "flex-option-hooks", Warn,
        "For the option code {code} the client class {class} is required before classification for a query destination",
        "The entry changes queries, and which classes a query joins later is not known then.";
    UselessSubClass { sub, code, class } = "FLEX_OPTION_CONFIG_SUB_USELESS_CLASS", "flex-option-hooks", Warn,
        "For the sub-option code {sub} in option code {code} the client class {class} is required before classification for a query destination",
        "The entry changes queries, and which classes a query joins later is not known then.";
    UselessMember { code, expression } = "FLEX_OPTION_CONFIG_USELESS_MEMBER", "flex-option-hooks", Warn,
        "For the option code {code} the member expression {expression} is evaluated before classification for a query destination",
        "The entry changes queries, and which classes a query joins later is not known then.";
    UselessSubMember { sub, code, expression } = "FLEX_OPTION_CONFIG_SUB_USELESS_MEMBER", "flex-option-hooks", Warn,
        "For the sub-option code {sub} in option code {code} the member expression {expression} is evaluated before classification for a query destination",
        "The entry changes queries, and which classes a query joins later is not known then.";
    Failed { query, error } = "FLEX_OPTION_PROCESS_ERROR", "flex-option-hooks", Error,
        "An error occurred processing query {query}: {error}",
        "An expression does not fit the packet, or its value the option. What comes after it was not done.";
    ClassSkipped { code, class } = "FLEX_OPTION_PROCESS_CLIENT_CLASS", "flex-option-hooks", Debug(40),
        "Skip processing of the option code {code} for class '{class}'",
        "The query is not of the class that the entry is for.";
    SubClassSkipped { sub, code, class } = "FLEX_OPTION_PROCESS_SUB_CLIENT_CLASS", "flex-option-hooks", Debug(40),
        "Skip processing of the sub-option code {sub} in option code {code} for class '{class}'",
        "The query is not of the class that the entry is for.";
    Added { code, value } = "FLEX_OPTION_PROCESS_ADD", "flex-option-hooks", Debug(40),
        "Added the option code {code} with value {value}",
        "The option was not there.";
    Superseded { code, value } = "FLEX_OPTION_PROCESS_SUPERSEDE", "flex-option-hooks", Debug(40),
        "Supersedes the option code {code} with value {value}",
        "Whatever was there has been replaced.";
    Removed { code } = "FLEX_OPTION_PROCESS_REMOVE", "flex-option-hooks", Debug(40),
        "Removed option code {code}",
        "The option was there.";
    SubAdded { sub, code, value } = "FLEX_OPTION_PROCESS_SUB_ADD", "flex-option-hooks", Debug(40),
        "Added the sub-option code {sub} in option code {code} with value {value}",
        "The sub-option was not there.";
    SubSuperseded { sub, code, value } = "FLEX_OPTION_PROCESS_SUB_SUPERSEDE", "flex-option-hooks", Debug(40),
        "Supersedes the sub-option code {sub} in option code {code} with value {value}",
        "Whatever was there has been replaced.";
    SubRemoved { sub, code } = "FLEX_OPTION_PROCESS_SUB_REMOVE", "flex-option-hooks", Debug(40),
        "Removed sub-option code {sub} in option code {code}",
        "The sub-option was there.";
    VendorMismatch { code, there, wanted } = "FLEX_OPTION_PROCESS_VENDOR_ID_MISMATCH", "flex-option-hooks", Debug(40),
        "Skip processing of vendor option code {code} with vendor id {there} not matching wanted {wanted}",
        "The option is there, but has no part of the vendor that the entry is for.";
}
