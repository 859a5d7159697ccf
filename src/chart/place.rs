//! Labels along one line that must not overlap.

/// Moves centres as little as possible (in the sum of squares) so that labels of `size` do not overlap and stay
/// within `low..high`; keeps their order. `wanted` must be sorted. If they cannot all fit they share the room evenly.
///
/// With x_i − i·size as unknowns the constraint is "non-decreasing": isotonic regression by pooling adjacent violators
/// (Barlow et al. 1972).
pub(super) fn spread(wanted: &[f64], size: f64, low: f64, high: f64) -> Vec<f64> {
    let n = wanted.len();
    let room = (high - low).max(0.0);
    let size = if n as f64 * size > room { room / n.max(1) as f64 } else { size };
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (i, want) in wanted.iter().enumerate() {
        let mut block = (want - i as f64 * size, 1);
        while let Some(&(mean, count)) = blocks.last()
            && mean >= block.0
        {
            block = ((mean * count as f64 + block.0 * block.1 as f64) / (count + block.1) as f64, count + block.1);
            blocks.pop();
        }
        blocks.push(block);
    }
    let (first, last) = (low + size / 2.0, (high - size / 2.0 - (n.max(1) - 1) as f64 * size).max(low + size / 2.0));
    let places = blocks.iter().flat_map(|(mean, count)| std::iter::repeat_n(mean.max(first).min(last), *count));
    places.enumerate().map(|(i, place)| place + i as f64 * size).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn labels_never_overlap_and_stay_inside(mut wanted in prop::collection::vec(-50.0..1100.0f64, 0..30), size in 1.0..30.0f64) {
            wanted.sort_by(f64::total_cmp);
            let placed = spread(&wanted, size, 0.0, 1000.0);
            prop_assert_eq!(placed.len(), wanted.len());
            for pair in placed.windows(2) {
                prop_assert!(pair[1] - pair[0] >= size - 1e-6);
            }
            for place in &placed {
                prop_assert!(*place >= size / 2.0 - 1e-6 && *place <= 1000.0 - size / 2.0 + 1e-6);
            }
        }
    }

    #[test]
    fn labels_with_room_stay_where_they_are() {
        assert_eq!(spread(&[100.0, 200.0], 20.0, 0.0, 1000.0), [100.0, 200.0]);
    }

    #[test]
    fn two_labels_at_one_place_move_apart_evenly() {
        assert_eq!(spread(&[100.0, 100.0], 20.0, 0.0, 1000.0), [90.0, 110.0]);
    }
}
