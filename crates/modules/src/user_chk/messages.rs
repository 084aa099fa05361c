//! Log messages of the user check.

observe::messages! {
    LoadError { reason } = "USER_CHK_HOOK_LOAD_ERROR", "user_chk", Error,
        "DHCP UserCheckHook could not be loaded: {reason}",
        "The registry of users or the file of outcomes cannot be used. Subnets are selected as without the library.";
}

/// Of single queries: identifiers differ by the family's digit.
pub(super) mod v4 {
    observe::messages! {
        Failed { reason } = "USER_CHK_SUBNET4_SELECT_ERROR", "user_chk", Error,
            "DHCP UserCheckHook an unexpected error occurred in subnet4_select callout: {reason}",
            "The registry of users cannot be read as it is now. What it said before counts.";
    }
}

/// As [`v4`].
pub(super) mod v6 {
    observe::messages! {
        Failed { reason } = "USER_CHK_SUBNET6_SELECT_ERROR", "user_chk", Error,
            "DHCP UserCheckHook an unexpected error occurred in subnet6_select callout: {reason}",
            "The registry of users cannot be read as it is now. What it said before counts.";
    }
}
