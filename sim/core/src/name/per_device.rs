//! Something for each of some devices, found by the device's place in the cast:
//! homeservers and clients look it up in nearly every call. Nobody goes through it,
//! as it has not the order of the devices' names.

use super::DeviceId;

/// Something for each of some devices of one cast.
#[derive(Clone, Debug)]
pub(crate) struct PerDevice<T>(Vec<Option<T>>);

impl<T> Default for PerDevice<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T> PerDevice<T> {
    /// What there is for a device.
    pub(crate) fn get(&self, device: DeviceId) -> Option<&T> {
        self.0.get(place(device))?.as_ref()
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, device: DeviceId) -> Option<&mut T> {
        self.0.get_mut(place(device))?.as_mut()
    }

    /// Puts something in for a device, in the place of what there was.
    pub(crate) fn insert(&mut self, device: DeviceId, it: T) {
        *self.place(device) = Some(it);
    }

    /// Takes out what there is for a device.
    pub(crate) fn remove(&mut self, device: DeviceId) {
        if let Some(place) = self.0.get_mut(place(device)) {
            *place = None;
        }
    }

    /// What there is for a device; an empty one, if there was nothing.
    pub(crate) fn of(&mut self, device: DeviceId) -> &mut T
    where
        T: Default,
    {
        self.place(device).get_or_insert_default()
    }

    fn place(&mut self, device: DeviceId) -> &mut Option<T> {
        let place = place(device);
        if place >= self.0.len() {
            self.0.resize_with(place + 1, || None);
        }
        &mut self.0[place]
    }
}

fn place(device: DeviceId) -> usize {
    usize::from(device.index())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{ServerId, UserId};

    #[test]
    fn each_device_has_its_own() {
        let device = |index| DeviceId::new(UserId::new(ServerId(0), index), index);
        let mut all = PerDevice::default();
        assert_eq!(all.get(device(3)), None);
        all.insert(device(3), 30);
        all.insert(device(1), 10);
        assert_eq!((all.get(device(1)), all.get(device(2))), (Some(&10), None));
        *all.of(device(3)) += 1;
        *all.of(device(2)) += 1;
        all.remove(device(1));
        all.remove(device(9));
        let held = [1, 2, 3, 9].map(|index| all.get(device(index)).copied());
        assert_eq!(held, [None, Some(1), Some(31), None]);
        assert_eq!(all.get_mut(device(1)), None);
    }
}
