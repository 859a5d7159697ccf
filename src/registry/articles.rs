//! Pages of Wikimedia projects about outlets: `outlet,project,article,source`.
//!
//! Views of the page of an outlet are not visits to the outlet: they tell how many people looked it up.

use crate::calendar::Records;
use crate::error::{Error, Result};
use std::path::Path;

/// The pages that ship with the program.
const BUILTIN: &str = include_str!("../../datasets/articles.csv");

/// A page about an outlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutletArticle {
    /// The outlet, as the registry spells it.
    pub outlet: String,
    /// `en.wikipedia`.
    pub project: String,
    /// Title with underscores.
    pub title: String,
}

/// The pages that ship with the program, in the order of the file.
///
/// # Errors
/// The shipped file is broken, which the tests rule out.
pub fn builtin() -> Result<Vec<OutletArticle>> {
    parse(BUILTIN, "datasets/articles.csv")
}

/// Reads a file of pages.
///
/// # Errors
/// The file cannot be read; a column is missing; a field is empty or no title: with line and column.
pub fn read(path: &Path) -> Result<Vec<OutletArticle>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("cannot read the articles", e).in_file(&name))?;
    parse(&text, &name)
}

fn parse(text: &str, file: &str) -> Result<Vec<OutletArticle>> {
    let table = Records::new(text, file, &["outlet", "project", "article"])?;
    let mut articles = Vec::new();
    for row in table.rows() {
        let row = row?;
        let (outlet, project) = (row.text("outlet").to_string(), row.text("project").to_string());
        if outlet.is_empty() {
            return Err(row.fault("outlet", "found nothing, expected the name of an outlet"));
        }
        let (project, title) = named(&format!("{project}:{}", row.text("article")))
            .ok_or_else(|| row.fault("article", "expected a project such as en.wikipedia and a title"))?;
        articles.push(OutletArticle { outlet, project, title });
    }
    Ok(articles)
}

/// `en.wikipedia:Black hole` → project and title with underscores.
///
/// ```
/// # use floodmark::registry::articles::named;
/// assert_eq!(named("en.wikipedia:Black hole"), Some(("en.wikipedia".into(), "Black_hole".into())));
/// assert_eq!(named("Black hole"), None);
/// ```
pub fn named(text: &str) -> Option<(String, String)> {
    let (project, title) = text.split_once(':')?;
    let project = project.trim().trim_end_matches(".org").to_lowercase();
    let title = title.trim().replace(' ', "_");
    let sound = project.contains('.') && project.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'));
    (sound && !title.is_empty() && !title.chars().any(char::is_control)).then_some((project, title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Registry;

    #[test]
    fn every_shipped_page_is_about_a_known_outlet() {
        let registry = Registry::builtin().unwrap();
        let outlets = registry.outlets();
        let articles = builtin().unwrap();
        assert!(articles.len() > 30);
        for article in &articles {
            assert!(outlets.contains_key(article.outlet.as_str()), "{article:?}");
            assert!(registry.home(&article.outlet, 1_700_000_000).is_some(), "{article:?}");
        }
    }

    #[test]
    fn a_defect_is_named_by_line_and_column() {
        let error = parse("outlet,project,article\nRT,wikipedia,RT\n", "a.csv").unwrap_err();
        assert!(error.to_string().starts_with("a.csv:2: column 'article'"), "{error}");
        assert!(parse("outlet,project\nRT,x\n", "a.csv").is_err());
    }
}
