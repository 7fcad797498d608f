//! Siblings with separate keys on properties of the same name and inner type, and a poly type's primary key.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Vehicle)]
pub struct VehicleId(pub i64);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Vehicle)]
pub struct Owner {
    pub country: String,
    pub number: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Car)]
pub struct CarPlate(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Boat)]
pub struct BoatPlate(pub String);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Boat)]
pub struct HullNumber(pub u64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(vehicle_id: VehicleId, owner: Owner), primary_key(vehicle_id), key(owner))]
pub enum Vehicle {
    Car(Car),
    Boat(Boat),
    Bicycle(Bicycle),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Vehicle), key(plate))]
pub struct Car {
    pub vehicle_id: VehicleId,
    pub owner: Owner,
    pub plate: CarPlate,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Vehicle), key(plate), key(hull))]
pub struct Boat {
    pub vehicle_id: VehicleId,
    pub owner: Owner,
    pub plate: BoatPlate,
    pub hull: HullNumber,
}

/// Also has a property `plate`, but no key on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Vehicle), index(plate))]
pub struct Bicycle {
    pub vehicle_id: VehicleId,
    pub owner: Owner,
    pub plate: Option<String>,
}

#[derive(DomainModel)]
#[domain_model(Vehicle)]
pub struct Traffic;
