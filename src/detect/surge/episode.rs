//! What a walk finds: episodes, and the score of every period.

/// A stretch of raised or lowered traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// +1 surge, −1 drop.
    pub sign: f64,
    /// First raised period, most likely, by the most telling window so far.
    pub onset: usize,
    /// First raised period as it seemed on the day of detection. It never changes afterwards: the episode's identity.
    pub first_seen: usize,
    /// Period at which it was detected.
    pub detected: usize,
    /// Last raised period so far.
    pub end: usize,
    /// Whether it was still going on at the end of the data.
    pub open: bool,
    /// Whether it lasted so long that its level became the new normal.
    pub level_shift: bool,
    /// Period with the largest single z (in the direction of the episode).
    pub peak: usize,
    /// That z.
    pub peak_z: f64,
    /// Smallest one-sided p-value of a window within the episode.
    pub p: f64,
    /// Length of that window.
    pub window: usize,
}

/// A scored series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walk {
    /// Expected value on the working scale; `NaN` while there is too little past.
    pub expected: Vec<f64>,
    /// Spread of a single period's residual on the working scale.
    pub spread: Vec<f64>,
    /// Robust z of each period.
    pub z: Vec<f64>,
    /// One-sided p-value of the most telling window that ends at each period, and its direction.
    pub p: Vec<f64>,
    /// +1 raised, −1 lowered, 0 nothing to tell.
    pub sign: Vec<f64>,
    /// Episodes in order.
    pub episodes: Vec<Episode>,
    /// Number of periods that were judged.
    pub judged: usize,
    /// Periods that belong to an episode.
    pub in_episode: Vec<bool>,
}

/// The peak of an episode is its largest z, in its direction.
pub(crate) fn note_peak(episode: &mut Episode, t: usize, z: f64) {
    if z * episode.sign > episode.peak_z {
        (episode.peak, episode.peak_z) = (t, z * episode.sign);
    }
}
