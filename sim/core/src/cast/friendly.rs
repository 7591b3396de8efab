//! Names for those whom nobody has named: what the bundled scenarios would
//! call them. Each sorts behind the one before, because a file lists devices
//! and rooms by name, and their numbers follow from that.

/// People, for as long as there are few.
const PEOPLE: &[&str] = &[
    "alice", "bob", "carol", "dora", "emil", "finn", "gina", "hugo", "ines", "jan", "karla", "leo",
    "mira", "nils", "olga", "paul",
];

/// What a person's second and third device are called.
const DEVICES: &[&str] = &["laptop", "tablet"];

/// The server with this number.
pub(crate) fn server(number: usize) -> String {
    format!("hs{}", number + 1)
}

/// The person with this number, of so many.
pub(crate) fn person(number: usize, of: usize) -> String {
    match PEOPLE.get(number) {
        Some(name) if of <= PEOPLE.len() => (*name).to_owned(),
        Some(_) | None => format!("u{:03}", number + 1),
    }
}

/// A person's device with this number among theirs.
pub(crate) fn device(person: &str, number: usize) -> String {
    match number.checked_sub(1) {
        None => person.to_owned(),
        Some(further) => match DEVICES.get(further) {
            Some(device) => format!("{person}.{device}"),
            None => format!("{person}.v{:03}", number + 1),
        },
    }
}

/// The room with this number, of so many.
pub(crate) fn room(number: usize, of: usize) -> String {
    match of {
        0..10 => format!("r{}", number + 1),
        10.. => format!("r{:03}", number + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_numbers_do() {
        for of in [1, 4, 9, 10, 16, 17, 250] {
            let people = (0..of).map(|number| person(number, of));
            let devices: Vec<String> = people
                .flat_map(|person| (0..12).map(move |number| device(&person, number)))
                .collect();
            assert!(devices.is_sorted(), "{devices:?}");
            let rooms: Vec<String> = (0..of).map(|number| room(number, of)).collect();
            assert!(rooms.is_sorted(), "{rooms:?}");
        }
        assert_eq!(device("bob", 1), "bob.laptop");
        assert_eq!(server(0), "hs1");
    }
}
