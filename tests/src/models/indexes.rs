//! Indexes: of several properties, of nested ones, through options, of choices, key values and floats.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Measurement)]
pub struct MeasurementId {
    pub station: String,
    pub number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
pub enum Quality {
    Good,
    Poor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
    pub site: Option<Site>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
pub struct Site {
    pub name: String,
    pub height: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    key(measurement_id),
    index(quality),
    index(taken),
    index(quality, taken),
    index(position.latitude, position.longitude),
    index(position.site.name),
    index(second.site.height, taken),
    index(of, value),
    index(measurement_id, quality)
)]
pub struct Measurement {
    pub measurement_id: MeasurementId,
    pub quality: Quality,
    pub taken: Timestamp,
    pub position: Position,
    pub second: Option<Position>,
    pub of: Option<MeasurementId>,
    pub value: f64,
}

#[derive(DomainModel)]
#[domain_model(Measurement)]
pub struct Indexes;
