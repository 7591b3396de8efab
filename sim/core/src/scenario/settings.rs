//! What a scenario can set for links and servers: the times that files write,
//! and within which bounds they are.

use toml::Spanned;

use crate::problem::Fault;
use crate::time::Span;
use crate::words::span;

/// The shortest and the longest time that a message takes, as a file writes
/// them.
pub(super) type Latency = Spanned<Vec<Spanned<String>>>;

/// A message takes some time, and less than what a server waits for an answer.
const LATENCIES: (Span, Span) = (Span::millis(1), Span::mins(1));
/// From nearly no back-off to the longest that there is.
const BACK_OFFS: (Span, Span) = (Span::secs(1), Span::days(7));

/// Reads the shortest and the longest time that a message takes.
pub(super) fn latency(written: &Latency) -> Result<(Span, Span), Fault> {
    let [shortest, longest] = written.get_ref().as_slice() else {
        let message = "a latency is two times: the shortest and the longest";
        return Err(Fault::new(written.span(), message, "not two times"));
    };
    let latency = (within(shortest, LATENCIES)?, within(longest, LATENCIES)?);
    if latency.0 > latency.1 {
        let message = "the shortest latency comes first, then the longest";
        return Err(Fault::new(written.span(), message, "from long to short"));
    }
    Ok(latency)
}

/// Reads how long a server leaves another alone after a first failure.
pub(super) fn back_off(written: &Spanned<String>) -> Result<Span, Fault> {
    within(written, BACK_OFFS)
}

fn within(word: &Spanned<String>, (least, most): (Span, Span)) -> Result<Span, Fault> {
    let is_within = |it: &Span| (least..=most).contains(it);
    span(word)?.filter(is_within).ok_or_else(|| {
        let message = format!("this time is out of range: it may be {least} to {most}");
        Fault::new(word.span(), message, "out of range")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::word;

    #[test]
    fn a_latency_is_two_times_in_order_and_within_bounds() {
        let read = |times: &[&str]| {
            let words = times.iter().map(word).collect();
            latency(&Spanned::new(0..0, words)).map_err(|fault| fault.label)
        };
        let (shortest, longest) = (Span::millis(5), Span::secs(2));
        assert_eq!(read(&["5ms", "2s"]), Ok((shortest, longest)));
        assert_eq!(read(&["1ms", "1m"]), Ok(LATENCIES));
        assert_eq!(read(&["2s", "5ms"]), Err("from long to short".to_owned()));
        assert_eq!(read(&["5ms"]), Err("not two times".to_owned()));
        for beyond in [["0ms", "5ms"], ["5ms", "61s"], ["5ms", "900d"]] {
            assert_eq!(read(&beyond), Err("out of range".to_owned()), "{beyond:?}");
        }
        assert!(read(&["5ms", "soon"]).is_err());
    }

    #[test]
    fn a_back_off_lasts_from_a_second_to_a_week() {
        assert_eq!(back_off(&word("10m")), Ok(Span::mins(10)));
        assert_eq!(back_off(&word("7d")), Ok(Span::days(7)));
        assert!(back_off(&word("8d")).is_err());
        assert!(back_off(&word("900ms")).is_err());
    }
}
