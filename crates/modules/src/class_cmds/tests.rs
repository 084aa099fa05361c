use crate::subnet_cmds::tests::Session;

#[test]
fn classes_come_change_and_go() {
    let session = Session::new(r#"{ "Dhcp4": {} }"#);
    let shown = r#"{ "boot-file-name": "/dev/null", "name": "ipxe", "next-server": "192.0.2.254", "option-data": [  ], "option-def": [  ], "server-hostname": "hal9000", "test": "option[93].hex == 0x0009" }"#;
    let add = format!(r#"class-add {{"client-classes":[{shown}]}}"#);
    session.play(&[
        ("class-list", "3 0 classes found"),
        ("class-get", "1 invalid command 'class-get': no arguments specified"),
        ("class-add {}", "1 invalid command 'class-add': 'arguments' is empty"),
        (r#"class-add {"x":1}"#, "1 missing 'client-classes' argument for the 'class-add' command"),
        (
            r#"class-add {"client-classes":{}}"#,
            "1 'client-classes' argument specified for the 'class-add' command is not a list",
        ),
        (
            r#"class-add {"client-classes":[]}"#,
            "1 invalid number of classes specified for the 'class-add' command. Expected one class",
        ),
        (
            r#"class-add {"client-classes":["x"]}"#,
            "1 invalid class definition specified for the 'class-add' command. Expected a map",
        ),
        (
            r#"class-add {"client-classes":[{"name":"x"}],"extra":1}"#,
            "1 invalid number of arguments 2 for the 'class-add' command. Expecting 'client-classes' list",
        ),
        (r#"class-add {"client-classes":[{}]}"#, "1 missing 'name' argument"),
        (
            r#"class-add {"client-classes":[{"name":"x","unknown":1}]}"#,
            "1 unsupported client class parameter 'unknown'",
        ),
        (
            r#"class-add {"client-classes":[{"name":"x","test":"member('missing')"}]}"#,
            "1 expression: [member('missing')] error: ",
        ),
        (&add, "0 Class 'ipxe' added"),
        (&add, "1 "),
        ("class-list", "0 1 class found"),
        (r#"class-get {"name":"ipxe"}"#, "0 Class 'ipxe' definition returned"),
        (
            r#"class-get {"name":["ipxe"]}"#,
            "1 'name' argument specified for the 'class-get' command is not a string",
        ),
        (r#"class-get {"nam":"x"}"#, "1 missing 'name' argument for the 'class-get' command"),
        (
            r#"class-get {"name":"x","y":1}"#,
            "1 invalid number of arguments 2 for the 'class-get' command. Expecting 'name' string",
        ),
        (r#"class-get {"name":"x"}"#, "3 Class 'x' not found"),
        (r#"class-update {"client-classes":[{"name":"x"}]}"#, "3 Class 'x' is not found"),
        (
            r#"class-update {"client-classes":[{"test":"x"}]}"#,
            "1 the first class definition is missing a mandatory 'name' parameter",
        ),
        (
            r#"class-update {"client-classes":[{"name":"ipxe","test":"member('KNOWN')"}]}"#,
            "1 modification of the class 'ipxe' would affect its dependency",
        ),
        (r#"class-add {"client-classes":[{"name":"user","test":"member('ipxe')"}]}"#, "0 Class 'user' added"),
        (r#"class-del {"name":"ipxe"}"#, "1 Class 'ipxe' is used by class 'user'"),
    ]);
    let answer = session.ask(r#"class-get {"name":"ipxe"}"#);
    let wanted = format!(r#"{{ "client-classes": [ {shown} ] }}"#);
    assert_eq!(json::to_string(&answer.arguments.unwrap()), wanted);
    session.play(&[
        (r#"class-update {"client-classes":[{"name":"ipxe"}]}"#, "0 Class 'ipxe' updated"),
        (r#"class-del {"name":"user"}"#, "0 Class 'user' deleted"),
        (r#"class-del {"name":"ipxe"}"#, "0 Class 'ipxe' deleted"),
        (r#"class-del {"name":"ipxe"}"#, "3 Class 'ipxe' not found"),
        ("class-list", "3 0 classes found"),
    ]);
}
