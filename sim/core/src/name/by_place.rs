//! Something for each of some users or devices, found by their place in the cast:
//! homeservers and clients look it up in nearly every call. Nobody goes through it,
//! as it has not the order of the names.

use std::marker::PhantomData;

use super::{DeviceId, UserId};

/// Who has a place of their own in the cast.
pub(crate) trait Placed: Copy {
    /// The place.
    fn place(self) -> usize;
}

impl Placed for UserId {
    fn place(self) -> usize {
        usize::from(self.index())
    }
}

impl Placed for DeviceId {
    fn place(self) -> usize {
        usize::from(self.index())
    }
}

/// Something for each of some users, or devices, of one cast.
#[derive(Clone, Debug)]
pub(crate) struct ByPlace<K, T>(Vec<Option<T>>, PhantomData<K>);

impl<K, T> Default for ByPlace<K, T> {
    fn default() -> Self {
        Self(vec![], PhantomData)
    }
}

impl<K: Placed, T> ByPlace<K, T> {
    /// What there is for somebody.
    pub(crate) fn get(&self, of: K) -> Option<&T> {
        self.0.get(of.place())?.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, of: K) -> Option<&mut T> {
        self.0.get_mut(of.place())?.as_mut()
    }

    /// Whether there is anything for somebody.
    pub(crate) fn contains(&self, of: K) -> bool {
        self.get(of).is_some()
    }

    /// Puts something in for somebody. What there was.
    pub(crate) fn insert(&mut self, of: K, it: T) -> Option<T> {
        self.place(of).replace(it)
    }

    /// Takes out what there is for somebody.
    pub(crate) fn remove(&mut self, of: K) -> Option<T> {
        self.0.get_mut(of.place())?.take()
    }

    /// What there is for somebody; an empty one, if there was nothing.
    pub(crate) fn of(&mut self, somebody: K) -> &mut T
    where
        T: Default,
    {
        self.place(somebody).get_or_insert_default()
    }

    fn place(&mut self, of: K) -> &mut Option<T> {
        let place = of.place();
        if place >= self.0.len() {
            self.0.resize_with(place + 1, || None);
        }
        &mut self.0[place]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ServerId;

    #[test]
    fn each_device_has_its_own() {
        let device = |index| DeviceId::new(UserId::new(ServerId(0), index), index);
        let mut all = ByPlace::default();
        assert_eq!(all.get(device(3)), None);
        assert_eq!(all.insert(device(3), 3), None);
        assert_eq!(all.insert(device(3), 30), Some(3));
        all.insert(device(1), 10);
        assert_eq!((all.get(device(1)), all.get(device(2))), (Some(&10), None));
        *all.of(device(3)) += 1;
        *all.of(device(2)) += 1;
        assert_eq!(
            (all.remove(device(1)), all.remove(device(9))),
            (Some(10), None)
        );
        let held = [1, 2, 3, 9].map(|index| all.get(device(index)).copied());
        assert_eq!(held, [None, Some(1), Some(31), None]);
        assert_eq!(all.get_mut(device(1)), None);
        assert!(all.contains(device(2)) && !all.contains(device(1)));
    }
}
