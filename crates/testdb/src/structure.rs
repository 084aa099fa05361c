//! What a database consists of, as lines that can be compared: columns, keys, routines, triggers, and the rows that
//! come with them. What means nothing to a client is left out: the display width of numbers, a default that is NULL
//! either way, `NO ACTION` where the database does the same as for `RESTRICT`.

use crate::{Kind, Server};

/// Queries for rows of texts; the first is the kind of the object.
const MARIADB: &[&str] = &[
    "SELECT 'column', table_name, ordinal_position, column_name, \
       REGEXP_REPLACE(column_type, '(int)\\\\([0-9]+\\\\)', '\\\\1'), IF(is_nullable = 'YES', 'null', 'not null'), \
       IF(IFNULL(column_default, 'NULL') = 'NULL', '', column_default), extra \
     FROM information_schema.columns WHERE table_schema = DATABASE()",
    "SELECT 'index', table_name, index_name, IF(non_unique, 'many', 'unique'), \
       GROUP_CONCAT(column_name ORDER BY seq_in_index) \
     FROM information_schema.statistics WHERE table_schema = DATABASE() GROUP BY table_name, index_name, non_unique",
    "SELECT 'foreign key', r.table_name, r.constraint_name, k.column_name, r.referenced_table_name, \
       k.referenced_column_name, REPLACE(r.update_rule, 'NO ACTION', 'RESTRICT'), \
       REPLACE(r.delete_rule, 'NO ACTION', 'RESTRICT') \
     FROM information_schema.referential_constraints r INNER JOIN information_schema.key_column_usage k \
       ON k.constraint_schema = r.constraint_schema AND k.constraint_name = r.constraint_name \
       AND k.table_name = r.table_name WHERE r.constraint_schema = DATABASE()",
    "SELECT 'routine', routine_type, routine_name, is_deterministic, sql_data_access \
     FROM information_schema.routines WHERE routine_schema = DATABASE()",
    "SELECT 'parameter', specific_name, ordinal_position, IFNULL(parameter_name, ''), \
       REGEXP_REPLACE(dtd_identifier, '(int)\\\\([0-9]+\\\\)', '\\\\1') \
     FROM information_schema.parameters WHERE specific_schema = DATABASE()",
    "SELECT 'trigger', event_object_table, trigger_name, action_timing, event_manipulation \
     FROM information_schema.triggers WHERE trigger_schema = DATABASE()",
];

const POSTGRESQL: &[&str] = &[
    "SELECT 'column', c.relname, row_number() OVER (PARTITION BY c.relname ORDER BY a.attnum), a.attname, \
       format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, \
       coalesce(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '^(NULL::.*)$|^''(-?[0-9]+)''::.*$', '\\2'), '') \
     FROM pg_attribute a INNER JOIN pg_class c ON c.oid = a.attrelid \
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped",
    "SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "SELECT 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid) FROM pg_constraint \
     WHERE connamespace = 'public'::regnamespace",
    "SELECT 'routine', proname, pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc \
     WHERE pronamespace = 'public'::regnamespace",
    "SELECT 'trigger', tgrelid::regclass, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT 'sequence', relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace",
];

/// Tables of numbers and names, and the version.
const NAMES: &[&str] = &[
    "dhcp_option_scope",
    "host_identifier_type",
    "lease6_types",
    "lease_hwaddr_source",
    "lease_state",
    "modification",
    "option_def_data_type",
    "parameter_data_type",
    "schema_version",
];

impl Server {
    /// Sorted lines, with tabs between their parts.
    #[must_use]
    pub fn structure(&self, database: &str) -> Vec<String> {
        let queries = match self.kind {
            Kind::MariaDb => MARIADB,
            Kind::PostgreSql => POSTGRESQL,
        };
        let mut lines = Vec::new();
        for query in queries {
            lines.extend(self.sql(database, query).lines().map(str::to_owned));
        }
        for table in NAMES {
            let rows = self.sql(database, &format!("SELECT 'row', '{table}', t.* FROM {table} AS t"));
            lines.extend(rows.lines().map(str::to_owned));
        }
        for server in ["dhcp4_server", "dhcp6_server"] {
            let rows =
                self.sql(database, &format!("SELECT 'row', '{server}', id, tag, description FROM {server}"));
            lines.extend(rows.lines().map(str::to_owned));
        }
        lines.sort();
        lines
    }
}

/// Lines that only one of two structures has: `-` those of the first, `+` those of the second.
#[must_use]
pub fn difference(first: &[String], second: &[String]) -> Vec<String> {
    let gone = first.iter().filter(|line| !second.contains(line)).map(|line| format!("- {line}"));
    let new = second.iter().filter(|line| !first.contains(line)).map(|line| format!("+ {line}"));
    let mut lines: Vec<String> = gone.chain(new).collect();
    lines.sort_by(|a, b| a[1..].cmp(&b[1..]).then(a.cmp(b)));
    lines
}
