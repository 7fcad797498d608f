//! Siblings with keys on properties of the same name and with the same inner values. These tests are written by hand, because a
//! generated model cannot know enough about the types.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests and their helper functions may panic")]

use longevity::blocking::Longevity;
use longevity::prelude::*;
use longevity_tests::models::poly_keys::{
    Bicycle, Boat, BoatPlate, Car, CarPlate, HullNumber, Owner, Traffic, Vehicle, VehicleId,
};

fn store() -> Longevity<Traffic, Mem> {
    let store = Longevity::open(Mem::new()).unwrap();
    store.create_schema().unwrap();
    store
}

fn owner(number: u16) -> Owner {
    Owner { country: "CH".into(), number }
}

fn car(id: i64, plate: &str) -> Car {
    Car { vehicle_id: VehicleId(id), owner: owner(id as u16), plate: CarPlate(plate.into()) }
}

fn boat(id: i64, plate: &str) -> Boat {
    Boat {
        vehicle_id: VehicleId(id),
        owner: owner(id as u16),
        plate: BoatPlate(plate.into()),
        hull: HullNumber(id as u64),
    }
}

fn bicycle(id: i64, plate: Option<&str>) -> Bicycle {
    Bicycle { vehicle_id: VehicleId(id), owner: owner(id as u16), plate: plate.map(str::to_owned) }
}

#[test]
fn a_car_a_boat_and_bicycles_may_have_the_same_plate() {
    let store = store();
    let (cars, boats, bicycles) = (store.repo::<Car>(), store.repo::<Boat>(), store.repo::<Bicycle>());
    let car_1 = cars.create(car(1, "ZH 1")).unwrap();
    let boat_2 = boats.create(boat(2, "ZH 1")).unwrap();
    bicycles.create(bicycle(3, Some("ZH 1"))).unwrap();
    bicycles.create(bicycle(4, Some("ZH 1"))).unwrap();
    bicycles.create(bicycle(5, None)).unwrap();
    assert_eq!(cars.retrieve(&CarPlate("ZH 1".into())).unwrap().unwrap().id(), car_1.id());
    assert_eq!(boats.retrieve(&BoatPlate("ZH 1".into())).unwrap().unwrap().id(), boat_2.id());
    assert!(cars.create(car(6, "ZH 1")).unwrap_err().is_duplicate_key());
    assert!(boats.create(boat(7, "ZH 1")).unwrap_err().is_duplicate_key());
    assert_eq!(store.repo::<Vehicle>().count(Vehicle::query()).unwrap(), 5);
}

#[test]
fn a_plate_follows_its_vehicle_through_a_morph() {
    let store = store();
    let (vehicles, cars, boats) = (store.repo::<Vehicle>(), store.repo::<Car>(), store.repo::<Boat>());
    boats.create(boat(1, "ZH 1")).unwrap();
    let state = vehicles.create(Vehicle::Car(car(2, "ZH 1"))).unwrap();
    // The plate is free among cars, but taken among boats.
    let refused = vehicles.update(state.set(Vehicle::Boat(boat(2, "ZH 1")))).unwrap_err();
    assert_eq!(refused.to_string(), "Boat with plate = \"ZH 1\" already exists");
    assert!(cars.retrieve(&CarPlate("ZH 1".into())).unwrap().is_some());
    let state = refused.into_state();
    vehicles.update(state.set(Vehicle::Boat(boat(2, "ZH 2")))).unwrap();
    assert!(cars.retrieve(&CarPlate("ZH 1".into())).unwrap().is_none());
    cars.create(car(3, "ZH 1")).unwrap();
}
