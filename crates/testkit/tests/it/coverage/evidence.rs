//! What shows that a keyword acts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::Family;
use testkit::scenario::{Place, decisive};

use super::{probes, root};

/// By keyword and place, the test that shows it.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    /// Statistics stand here, too, with `statistic` for their place.
    shown: BTreeMap<Place, Shown>,
    /// What was not even well as it stands.
    failures: Vec<String>,
}

/// A test that shows that a keyword acts.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The file, from the root of the repository.
    pub(crate) file: String,
    /// The test or scenario in it.
    pub(crate) test: String,
    /// A configuration without the keyword is refused.
    pub(crate) required: bool,
}

/// The place of statistics.
pub(crate) const STATISTIC: &str = "statistic";

impl Evidence {
    /// All that there is of a family: scenarios and probes that end otherwise without the keyword, and the tests that
    /// `tests/coverage/named.tsv` names.
    pub(crate) fn gather(family: Family) -> Self {
        let mut all = Self::default();
        let (folder, program) = match family {
            Family::V4 => ("tests/scenarios", "dhcp4"),
            Family::V6 => ("tests/scenarios/v6", "dhcp6"),
        };
        all.named(family);
        let probes = format!("tests/coverage/{program}.probes");
        let text = std::fs::read_to_string(root().join(&probes)).unwrap();
        for probe in probes::parse(&text).unwrap() {
            for (title, scenario) in probe.scenarios(family) {
                all.play(&probes, Some(&title), &scenario);
            }
        }
        for path in files(&root().join(folder), "scn") {
            let file = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
            let text = std::fs::read_to_string(&path).unwrap();
            all.play(&file, None, &text);
            all.counted(&file, &text);
        }
        assert!(all.failures.is_empty(), "{}", all.failures.join("\n"));
        all
    }

    fn play(&mut self, file: &str, title: Option<&str>, text: &str) {
        match decisive(Path::new(file), text) {
            Ok(shown) => {
                for one in shown {
                    let test = title.map_or(one.scenario, str::to_owned);
                    let shown = Shown { file: file.to_owned(), test, required: one.required };
                    self.add(one.place, shown);
                }
            }
            Err(error) => self.failures.push(error),
        }
    }

    /// Statistics that are something else than zero at some time.
    fn counted(&mut self, file: &str, text: &str) {
        let mut title = "";
        for line in text.lines() {
            title = line.strip_prefix("scenario ").unwrap_or(title);
            let Some((name, value)) = line.strip_prefix("stat ").and_then(|line| line.split_once(' ')) else {
                continue;
            };
            if value != "0" {
                let place = Place { map: STATISTIC.to_owned(), keyword: general(name) };
                let shown = Shown { file: file.to_owned(), test: title.to_owned(), required: false };
                self.add(place, shown);
            }
        }
    }

    /// What misses the keyword says more than what refuses to be without it.
    fn add(&mut self, place: Place, shown: Shown) {
        let better = self.shown.get(&place).is_none_or(|known| known.required && !shown.required);
        if better {
            self.shown.insert(place, shown);
        }
    }

    /// Rows of map, keyword, file and test; `Dhcp*` stands for both families, several keywords have blanks between them.
    fn named(&mut self, family: Family) {
        let rows = std::fs::read_to_string(root().join("tests/coverage/named.tsv")).unwrap();
        for row in rows.lines().filter(|row| !row.is_empty() && !row.starts_with('#')) {
            let [map, keywords, file, test] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{row}")
            };
            let name = if family == Family::V4 { "Dhcp4" } else { "Dhcp6" };
            let map = map.replace("Dhcp*", name);
            if map.split('/').next() != Some(name) && !["*", STATISTIC].contains(&&*map) {
                continue;
            }
            let text = std::fs::read_to_string(root().join(file)).unwrap_or_default();
            let function = test.rsplit("::").next().unwrap_or(test);
            assert!(text.contains(&format!("fn {function}(")), "named.tsv: there is no {test} in {file}");
            for keyword in keywords.split(' ') {
                let place = Place { map: map.clone(), keyword: keyword.to_owned() };
                self.add(place, Shown { file: file.to_owned(), test: test.to_owned(), required: false });
            }
        }
    }

    /// What shows the keyword at this place, or wherever the row of `named.tsv` says `*`.
    pub(crate) fn of(&self, map: &str, keyword: &str) -> Option<&Shown> {
        let place = |map: &str| Place { map: map.to_owned(), keyword: keyword.to_owned() };
        self.shown.get(&place(map)).or_else(|| self.shown.get(&place("*")))
    }

    /// All that is shown of maps, with what shows it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Place, &Shown)> {
        self.shown.iter()
    }
}

/// The name of a statistic without the numbers of subnets and pools.
pub(crate) fn general(name: &str) -> String {
    let mut general = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('[') {
        general.push_str(before);
        general.push_str("[]");
        rest = after.split_once(']').map_or("", |(_, rest)| rest);
    }
    general + rest
}

/// The files of a folder with this ending, in order.
pub(crate) fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == suffix));
    files.sort();
    files
}
