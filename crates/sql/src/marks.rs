//! Parameters as other databases write them.

/// `?1`, `?2`, ... of a statement in the order in which they are used, and what is between them.
#[must_use]
pub fn parameters(sql: &str) -> (Vec<&str>, Vec<usize>) {
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    let mut parts = sql.split('?');
    texts.extend(parts.next());
    for part in parts {
        let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, text) = part.split_at(digits);
        numbers.push(number.parse().unwrap_or(0));
        texts.push(text);
    }
    (texts, numbers)
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn numbers_in_order_of_use() {
        let (texts, numbers) = parameters("a = ?2 AND b IN (?1, ?12) AND c = ?2");
        assert_eq!(texts, ["a = ", " AND b IN (", ", ", ") AND c = ", ""]);
        assert_eq!(numbers, [2, 1, 12, 2]);
        assert_eq!(parameters("SELECT 1"), (vec!["SELECT 1"], vec![]));
    }
}
