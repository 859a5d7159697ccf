//! Persistence: whether an episode stayed raised, m periods of n in a row (method.md section 4). For those who want to
//! hear of what lasts only; chance is dealt with elsewhere.

use std::fmt;
use std::str::FromStr;

/// A period counts as raised from so many spreads on.
const RAISED: f64 = 1.5;
/// More than this is a slip of the pen.
const MOST: usize = 1000;

/// At least `raised` periods among `among` consecutive ones.
///
/// ```
/// use floodmark::detect::persistence::Persistence;
/// let two_of_three: Persistence = "2/3".parse().unwrap();
/// assert!(two_of_three.holds(&[0.2, 4.0, f64::NAN, 2.0], 1.0));
/// assert!(!two_of_three.holds(&[9.0, 0.0, 0.0, 9.0], 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Persistence {
    raised: usize,
    among: usize,
}

impl Default for Persistence {
    /// One of one: every episode.
    fn default() -> Self {
        Persistence { raised: 1, among: 1 }
    }
}

impl Persistence {
    /// Whether the z-scores of an episode in the direction `sign` show it; a gap is not raised. One of one always holds:
    /// a window may be telling where no period is.
    pub fn holds(&self, z: &[f64], sign: f64) -> bool {
        let raised = |window: &[f64]| window.iter().filter(|z| **z * sign >= RAISED).count() >= self.raised;
        self.raised <= 1 || (0..z.len()).any(|from| raised(&z[from..(from + self.among).min(z.len())]))
    }
}

impl FromStr for Persistence {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/').and_then(|(m, n)| Some((m.trim().parse().ok()?, n.trim().parse().ok()?)));
        match parts {
            Some((raised, among)) if 1 <= raised && raised <= among && among <= MOST => {
                Ok(Persistence { raised, among })
            }
            _ => Err(format!("'{text}' is not m/n periods with 1 <= m <= n <= {MOST}, such as 2/3")),
        }
    }
}

impl fmt::Display for Persistence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.raised, self.among)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_m_of_n_is_refused() {
        for text in ["", "3", "0/3", "4/3", "2/0", "a/b", "2/3/4", "-1/3", "1/1001"] {
            assert!(text.parse::<Persistence>().is_err(), "{text}");
        }
        assert_eq!("2/3".parse::<Persistence>().expect("two of three").to_string(), "2/3");
    }

    #[test]
    fn falls_persist_below() {
        let three: Persistence = "3/3".parse().expect("three of three");
        assert!(three.holds(&[-2.0, -2.0, -2.0], -1.0) && !three.holds(&[-2.0, -2.0, -2.0], 1.0));
        assert!(!three.holds(&[2.0, 2.0], 1.0) && Persistence::default().holds(&[], 1.0));
    }
}
