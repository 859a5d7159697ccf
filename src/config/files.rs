//! Options that name files: what a record must tell, so that a run can be repeated where the files have moved.

use super::Settings;
use std::path::PathBuf;

impl Settings {
    /// Lists read beside the traffic, as option and path.
    pub fn lists(&self) -> Vec<(&'static str, String)> {
        let articles: Vec<String> = self.articles.iter().map(|path| path.display().to_string()).collect();
        let named = [
            ("articles", &articles),
            ("domains", &self.domains),
            ("events", &self.events),
            ("holidays", &self.holidays),
            ("context", &self.context),
        ];
        named.into_iter().flat_map(|(option, paths)| paths.iter().map(move |path| (option, path.clone()))).collect()
    }

    /// The same options with every input and list where `place` says.
    #[must_use]
    pub fn moved(self, place: &dyn Fn(&str) -> String) -> Settings {
        let one = |path: Option<PathBuf>| path.map(|path| place(&path.display().to_string()).into());
        let many = |paths: Vec<String>| paths.iter().map(|path| place(path)).collect();
        Settings {
            input: many(self.input),
            total: one(self.total),
            articles: one(self.articles),
            domains: many(self.domains),
            events: many(self.events),
            holidays: many(self.holidays),
            context: many(self.context),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Args;

    #[test]
    fn every_option_that_names_a_file_is_told_and_moved() {
        let command = Settings::augment_args(clap::Command::new("x"));
        let is_file =
            |arg: &&clap::Arg| arg.get_value_names().is_some_and(|names| names.iter().any(|name| name == "FILE"));
        let options: Vec<&str> = command.get_arguments().filter(is_file).filter_map(clap::Arg::get_long).collect();
        let text: String = options.iter().map(|option| format!("{option} = 'old'\n")).collect();
        let settings = Settings::parse(&text).expect("known options");
        let told: Vec<&str> = settings.lists().iter().map(|(option, _)| *option).collect();
        // The total is traffic: it stands among the inputs.
        let expected = options.iter().filter(|option| **option != "total");
        for option in expected {
            assert!(told.contains(option), "--{option} names a file that no record tells of");
        }
        let moved = settings.moved(&|path| path.replace("old", "new"));
        let text = serde_json::to_string(&moved).expect("JSON");
        assert!(!text.contains("old"), "{text}");
    }
}
