//! Dice: numbers, chances and spans out of any source of numbers. All of it in
//! integers, so that every machine rolls the same.

use crate::time::Span;

/// Where numbers come from: a generator with a seed, or the bytes of a fuzzer.
pub(crate) trait Numbers {
    /// The next number; all of them are as likely.
    fn next(&mut self) -> u32;
}

/// Dice that roll what a source of numbers says.
pub(crate) struct Dice<'a>(&'a mut dyn Numbers);

impl<'a> Dice<'a> {
    pub(crate) fn new(numbers: &'a mut dyn Numbers) -> Self {
        Self(numbers)
    }

    /// A number in `0..bound`; zero if there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u64::from(self.0.next()) * bound as u64) >> 32) as usize
    }

    /// What comes true once in so many times.
    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// What comes true so many times in a hundred.
    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of these, if there are any.
    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        all.get(self.below(all.len())).copied()
    }

    /// One of these, each as likely as the number beside it says.
    pub(crate) fn weighted<T: Copy>(&mut self, all: &[(T, usize)]) -> Option<T> {
        let mut left = self.below(all.iter().map(|(_, weight)| weight).sum());
        let is_it = |(_, weight): &&(T, usize)| {
            let is_it = left < *weight;
            left = left.saturating_sub(*weight);
            is_it
        };
        all.iter().find(is_it).map(|(it, _)| *it)
    }

    /// One of these, if there are any; all are as likely.
    pub(crate) fn among<T>(&mut self, mut all: impl Iterator<Item = T> + Clone) -> Option<T> {
        let count = all.clone().count();
        let place = self.below(count);
        all.nth(place)
    }

    /// A whole number of milliseconds in `shortest..=longest`, where twice as
    /// long is about as likely.
    pub(crate) fn span(&mut self, shortest: Span, longest: Span) -> Span {
        let ms = Span::millis(1).ticks();
        let (least, most) = ((shortest.ticks() / ms).max(1), longest.ticks() / ms);
        if least >= most {
            return Span::millis(least);
        }
        let octaves = (most / least).ilog2() as usize;
        let from = least << self.below(octaves + 1);
        let to = most.min(from * 2 - 1);
        let width = usize::try_from(to - from + 1).unwrap_or(usize::MAX);
        Span::millis(from + self.below(width) as u64)
    }

    /// A whole number of milliseconds before `end`, where all are as likely.
    pub(crate) fn moment(&mut self, end: Span) -> Span {
        let ms = end.ticks() / Span::millis(1).ticks();
        Span::millis(self.below(usize::try_from(ms).unwrap_or(usize::MAX)) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts up, through all numbers of 32 bits.
    struct Counting(u32);

    impl Numbers for Counting {
        fn next(&mut self) -> u32 {
            self.0 = self.0.wrapping_add(0x9e37_79b9);
            self.0
        }
    }

    #[test]
    fn spans_keep_to_both_ends_and_like_all_lengths_as_much() {
        let mut numbers = Counting(0);
        let mut dice = Dice::new(&mut numbers);
        let (shortest, longest) = (Span::millis(1), Span::millis(1000));
        let spans: Vec<Span> = (0..4000).map(|_| dice.span(shortest, longest)).collect();
        assert!(spans.iter().all(|span| (shortest..=longest).contains(span)));
        assert!(spans.contains(&shortest));
        let short = spans.iter().filter(|span| **span < Span::millis(32));
        let share = short.count() * 100 / spans.len();
        assert!((40..60).contains(&share), "{share} %");
        assert_eq!(dice.span(longest, longest), longest);
    }

    #[test]
    fn nothing_comes_of_nothing() {
        let mut numbers = Counting(0);
        let mut dice = Dice::new(&mut numbers);
        assert_eq!(dice.of::<u8>(&[]), None);
        assert_eq!(dice.among([0; 0].iter()), None);
        assert_eq!(dice.weighted::<u8>(&[]), None);
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.among([1, 2, 3].iter().filter(|it| **it > 2)), Some(&3));
    }
}
