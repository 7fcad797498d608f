//! Stored names that differ from the Rust names: by serde, field by field or for all fields, and by longevity.

use longevity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Customer)]
#[serde(rename_all = "camelCase")]
pub struct CustomerId {
    pub home_country: String,
    #[serde(rename = "no")]
    pub serial_number: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub struct PostalAddress {
    pub street_name: String,
    #[serde(rename = "zip code")]
    pub post_code: Option<String>,
    #[component(name = "town")]
    pub city_name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Component)]
#[serde(rename_all = "kebab-case")]
pub enum CustomerState {
    NewCustomer,
    #[serde(rename = "the best")]
    Regular,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Component)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    InAdvance,
    #[serde(rename = "card")]
    CreditCard {
        card_number: String,
    },
    ByInvoice(PostalAddress),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    table = "clients",
    key(customer_id),
    index(postal_address.post_code),
    index(customer_state, full_name),
    index(postal_address.city_name)
)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    pub customer_id: CustomerId,
    #[persistent(name = "called")]
    pub full_name: String,
    pub postal_address: PostalAddress,
    pub customer_state: CustomerState,
    #[serde(rename = "pays")]
    pub payment: Payment,
}

#[derive(DomainModel)]
#[domain_model(Customer)]
pub struct Renames;
