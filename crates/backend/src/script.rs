//! Schemas as text files: statements for both families at once, and the steps from version to version.
//!
//! Statements are separated by blank lines and have no semicolon at their end; lines that begin with `--` are comments.
//! `@` behind a letter is the digit of a family: such a statement is there for 4 and for 6. A line that begins with
//! `4 ` or `6 ` holds for that family alone, and so does a whole statement when its first line begins so.

use base::Family;

/// A statement of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// It runs only while this holds.
    pub condition: Option<Condition>,
    pub sql: String,
}

/// A column has a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub table: String,
    pub column: String,
    /// As in `information_schema.columns.data_type`.
    pub data_type: String,
}

/// What leads to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub major: u32,
    pub statements: Vec<Statement>,
}

/// What a statement makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Table,
    Trigger,
    Procedure,
    Function,
}

impl Kind {
    /// As statements say it.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Table => "TABLE",
            Self::Trigger => "TRIGGER",
            Self::Procedure => "PROCEDURE",
            Self::Function => "FUNCTION",
        }
    }
}

impl Statement {
    /// Kind and name of what it makes, if it makes a table or a routine.
    #[must_use]
    pub fn makes(&self) -> Option<(Kind, &str)> {
        let rest = self.sql.strip_prefix("CREATE ")?;
        [Kind::Table, Kind::Trigger, Kind::Procedure, Kind::Function].into_iter().find_map(|kind| {
            let name = rest.strip_prefix(kind.keyword())?.strip_prefix(' ')?;
            Some((kind, name.split([' ', '(', '\n']).next().unwrap_or_default()))
        })
    }

    /// Makes this table, or an index of it.
    fn belongs_to(&self, table: &str) -> bool {
        self.makes() == Some((Kind::Table, table))
            || self.sql.starts_with("CREATE ") && self.sql.contains(&format!(" ON {table} ("))
    }
}

/// The statements of a script.
#[must_use]
pub fn statements(text: &str) -> Vec<Statement> {
    blocks(text).into_iter().flat_map(|block| expand(&block)).collect()
}

/// The steps of a script of upgrades. A line `== N` begins the step to version N; `= TABLE` stands for the statements
/// that make that table in `tables`, a script too. `? TABLE.COLUMN TYPE` before a statement is its condition.
#[must_use]
pub fn steps(text: &str, tables: &str) -> Vec<Step> {
    let tables = statements(tables);
    let mut steps: Vec<Step> = Vec::new();
    for block in blocks(text) {
        let first = block.first().copied().unwrap_or_default();
        if let Some(major) = first.strip_prefix("== ").and_then(|major| major.trim().parse().ok()) {
            steps.push(Step { major, statements: Vec::new() });
        } else if let Some(step) = steps.last_mut() {
            for statement in expand(&block) {
                match statement.sql.strip_prefix("= ") {
                    Some(table) => {
                        step.statements.extend(tables.iter().filter(|s| s.belongs_to(table)).cloned());
                    }
                    None => step.statements.push(statement),
                }
            }
        }
    }
    steps
}

/// Lines between blank lines, without comments.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let mut blocks = vec![Vec::new()];
    for line in text.lines() {
        if line.trim().is_empty() {
            blocks.push(Vec::new());
        } else if !line.starts_with("--")
            && let Some(block) = blocks.last_mut()
        {
            block.push(line);
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

fn expand(block: &[&str]) -> Vec<Statement> {
    let first = block.first().copied().unwrap_or_default();
    let families = match family(first) {
        Some(family) => vec![Some(family)],
        None if block.iter().any(|line| digit(line).is_some()) => vec![Some(Family::V4), Some(Family::V6)],
        None => vec![None],
    };
    families.into_iter().filter_map(|of| statement(block, of)).collect()
}

fn statement(block: &[&str], of: Option<Family>) -> Option<Statement> {
    let mut lines = Vec::new();
    for line in block {
        let line = match (family(line), of) {
            (Some(marked), Some(of)) if marked != of => continue,
            (Some(_), _) => line.get(2..).unwrap_or_default(),
            (None, _) => line,
        };
        lines.push(for_family(line, of));
    }
    let condition = lines.first().and_then(|line| condition(line));
    let lines = lines.get(usize::from(condition.is_some())..)?;
    Some(Statement { condition, sql: lines.join("\n").trim().to_owned() })
}

fn condition(line: &str) -> Option<Condition> {
    let (column, data_type) = line.strip_prefix("? ")?.split_once(' ')?;
    let (table, column) = column.split_once('.')?;
    Some(Condition { table: table.to_owned(), column: column.to_owned(), data_type: data_type.to_owned() })
}

/// The family a line is marked for.
fn family(line: &str) -> Option<Family> {
    match line.get(..2)? {
        "4 " => Some(Family::V4),
        "6 " => Some(Family::V6),
        _ => None,
    }
}

/// Where the first `@` behind a letter is.
fn digit(line: &str) -> Option<usize> {
    line.as_bytes()
        .windows(2)
        .position(|pair| pair[0].is_ascii_alphabetic() && pair[1] == b'@')
        .map(|at| at + 1)
}

fn for_family(line: &str, of: Option<Family>) -> String {
    let mut line = line.to_owned();
    if let Some(of) = of {
        let digit_of = if of == Family::V4 { "4" } else { "6" };
        while let Some(at) = digit(&line) {
            line.replace_range(at..=at, digit_of);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "-- A comment.

CREATE TABLE plain (
  id INT
)

CREATE TABLE lease@ (
4 address INT,
6 address BINARY(16),
  state INT
)

4 CREATE INDEX lease4_by_state ON lease4 (state)
";

    fn sql(statements: &[Statement]) -> Vec<&str> {
        statements.iter().map(|s| s.sql.as_str()).collect()
    }

    #[test]
    fn both_families_come_from_one_text() {
        let statements = statements(TABLES);
        assert_eq!(
            sql(&statements),
            [
                "CREATE TABLE plain (\n  id INT\n)",
                "CREATE TABLE lease4 (\naddress INT,\n  state INT\n)",
                "CREATE TABLE lease6 (\naddress BINARY(16),\n  state INT\n)",
                "CREATE INDEX lease4_by_state ON lease4 (state)",
            ]
        );
        assert_eq!(statements[1].makes(), Some((Kind::Table, "lease4")));
        assert_eq!(statements[3].makes(), None);
    }

    #[test]
    fn session_variables_are_no_digits() {
        let statements = statements("CREATE PROCEDURE p@()\n  SET @audit = 1, x@ = (@audit)");
        assert_eq!(
            sql(&statements),
            [
                "CREATE PROCEDURE p4()\n  SET @audit = 1, x4 = (@audit)",
                "CREATE PROCEDURE p6()\n  SET @audit = 1, x6 = (@audit)"
            ]
        );
        assert_eq!(statements[0].makes(), Some((Kind::Procedure, "p4")));
    }

    #[test]
    fn steps_take_tables_from_where_they_are_made() {
        let steps = steps(
            "-- Above the first step.

== 2

= lease@

? lease4.address varchar
UPDATE lease4 SET state = 0

== 3
",
            TABLES,
        );
        assert_eq!(steps.iter().map(|s| s.major).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(
            sql(&steps[0].statements),
            [
                "CREATE TABLE lease4 (\naddress INT,\n  state INT\n)",
                "CREATE INDEX lease4_by_state ON lease4 (state)",
                "CREATE TABLE lease6 (\naddress BINARY(16),\n  state INT\n)",
                "UPDATE lease4 SET state = 0",
            ]
        );
        let condition = steps[0].statements[3].condition.as_ref().unwrap();
        assert_eq!(
            (condition.table.as_str(), condition.column.as_str(), condition.data_type.as_str()),
            ("lease4", "address", "varchar")
        );
        assert!(steps[1].statements.is_empty());
    }
}
