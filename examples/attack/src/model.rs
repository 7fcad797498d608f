//! MITRE ATT&CK as a domain model, with one poly type, [`Object`], and a derived type for each type of object.
//!
//! All twelve share the table `object`. `id` is a key of the poly type. Each derived type has a key of its own on its
//! `external_id`, and the indexes that its queries need.

use longevity::prelude::*;

/// A STIX id, unique over all types: `tool--afc079f3-c0ea-4096-b75d-3f05338b7f60`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Object)]
pub struct StixId(pub String);

/// An object of the knowledge base, as it is written in a JSON line. Its `type` is also the discriminator in the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(poly, props(id: StixId), key(id))]
#[serde(tag = "type")]
pub enum Object {
    #[serde(rename = "attack-pattern")]
    Technique(Technique),
    #[serde(rename = "x-mitre-tactic")]
    Tactic(Tactic),
    #[serde(rename = "course-of-action")]
    Mitigation(Mitigation),
    #[serde(rename = "intrusion-set")]
    Group(Group),
    #[serde(rename = "campaign")]
    Campaign(Campaign),
    #[serde(rename = "malware")]
    Malware(Malware),
    #[serde(rename = "tool")]
    Tool(Tool),
    #[serde(rename = "x-mitre-data-source")]
    DataSource(DataSource),
    #[serde(rename = "x-mitre-data-component")]
    DataComponent(DataComponent),
    #[serde(rename = "x-mitre-detection-strategy")]
    DetectionStrategy(DetectionStrategy),
    #[serde(rename = "x-mitre-analytic")]
    Analytic(Analytic),
    #[serde(rename = "relationship")]
    Relationship(Relationship),
}

/// Everything that an application on ATT&CK stores.
#[derive(DomainModel)]
#[domain_model(Object)]
pub struct Attack;

/// How an adversary does something: `T1059`, or its sub-technique `T1059.001`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id), index(is_subtechnique, external_id))]
#[serde(deny_unknown_fields)]
pub struct Technique {
    pub id: StixId,
    pub external_id: TechniqueId,
    pub name: String,
    pub is_subtechnique: bool,
    pub platforms: Vec<Platform>,
    pub tactics: Vec<TacticName>,
    pub revoked: bool,
    pub deprecated: bool,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// Why an adversary does something: `TA0001`, Initial Access.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id), key(shortname))]
#[serde(deny_unknown_fields)]
pub struct Tactic {
    pub id: StixId,
    pub external_id: TacticId,
    pub name: String,
    pub shortname: TacticName,
}

/// A measure against a technique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct Mitigation {
    pub id: StixId,
    pub external_id: MitigationId,
    pub name: String,
    pub revoked: bool,
    pub deprecated: bool,
}

/// An adversary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub id: StixId,
    pub external_id: GroupId,
    pub name: String,
    pub aliases: Vec<String>,
    pub revoked: bool,
    pub deprecated: bool,
}

/// The activity of an adversary over a period.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id), index(first_seen))]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    pub id: StixId,
    pub external_id: CampaignId,
    pub name: String,
    pub aliases: Vec<String>,
    pub revoked: bool,
    pub deprecated: bool,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
}

/// Software that is written to do harm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct Malware {
    pub id: StixId,
    pub external_id: MalwareId,
    pub name: String,
    pub aliases: Vec<String>,
    pub platforms: Vec<Platform>,
    pub is_family: bool,
    pub revoked: bool,
    pub deprecated: bool,
}

/// Software that anyone might use, including adversaries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct Tool {
    pub id: StixId,
    pub external_id: ToolId,
    pub name: String,
    pub aliases: Vec<String>,
    pub platforms: Vec<Platform>,
    pub revoked: bool,
    pub deprecated: bool,
}

/// Where data for detection comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct DataSource {
    pub id: StixId,
    pub external_id: DataSourceId,
    pub name: String,
    pub platforms: Vec<Platform>,
    pub revoked: bool,
    pub deprecated: bool,
}

/// A part of a data source, with what it shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct DataComponent {
    pub id: StixId,
    pub external_id: DataComponentId,
    pub name: String,
    pub domains: Vec<Domain>,
    pub revoked: bool,
    /// Some objects lack this and some have an empty value. The two are different.
    pub data_source_ref: Option<StixId>,
}

/// How to detect a technique.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct DetectionStrategy {
    pub id: StixId,
    pub external_id: DetectionStrategyId,
    pub name: String,
    pub analytic_refs: Vec<StixId>,
    pub domains: Vec<Domain>,
    pub revoked: bool,
}

/// What to look for on a platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(derived(Object), key(external_id))]
#[serde(deny_unknown_fields)]
pub struct Analytic {
    pub id: StixId,
    pub external_id: AnalyticId,
    pub name: String,
    pub platforms: Vec<Platform>,
    pub domains: Vec<Domain>,
    pub revoked: bool,
}

/// A relationship of one object to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, PersistentType)]
#[persistent(
    derived(Object),
    index(target_ref, relationship_type),
    index(source_ref),
    reference(source_ref),
    reference(target_ref)
)]
#[serde(deny_unknown_fields)]
pub struct Relationship {
    pub id: StixId,
    pub relationship_type: RelationshipType,
    pub source_ref: StixId,
    pub target_ref: StixId,
    pub revoked: bool,
    pub deprecated: bool,
}

/// How the source is related to the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Component)]
#[serde(rename_all = "kebab-case")]
pub enum RelationshipType {
    AttributedTo,
    Detects,
    Mitigates,
    RevokedBy,
    SubtechniqueOf,
    Uses,
}

/// One of the ATT&CK matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Component)]
pub enum Domain {
    #[serde(rename = "enterprise-attack")]
    Enterprise,
    #[serde(rename = "ics-attack")]
    Ics,
    #[serde(rename = "mobile-attack")]
    Mobile,
}

/// A platform on which a technique works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Component)]
pub enum Platform {
    Android,
    Containers,
    #[serde(rename = "Engineering Workstation")]
    EngineeringWorkstation,
    #[serde(rename = "ESXi")]
    Esxi,
    #[serde(rename = "Field Controller/RTU/PLC/IED")]
    FieldController,
    IaaS,
    #[serde(rename = "Identity Provider")]
    IdentityProvider,
    #[serde(rename = "iOS")]
    Ios,
    Linux,
    #[serde(rename = "macOS")]
    MacOs,
    #[serde(rename = "Network Devices")]
    NetworkDevices,
    #[serde(rename = "Office 365")]
    Office365,
    #[serde(rename = "Office Suite")]
    OfficeSuite,
    #[serde(rename = "PRE")]
    Pre,
    SaaS,
    Windows,
}

/// A tactic's short name, as techniques refer to it: `initial-access`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Tactic)]
pub struct TacticName(pub String);

/// `T1059.001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Technique)]
pub struct TechniqueId(pub String);

/// `TA0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Tactic)]
pub struct TacticId(pub String);

/// `M1013`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Mitigation)]
pub struct MitigationId(pub String);

/// `G0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Group)]
pub struct GroupId(pub String);

/// `C0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Campaign)]
pub struct CampaignId(pub String);

/// `S0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Malware)]
pub struct MalwareId(pub String);

/// `S0002`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Tool)]
pub struct ToolId(pub String);

/// `DS0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(DataSource)]
pub struct DataSourceId(pub String);

/// `DC0103`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(DataComponent)]
pub struct DataComponentId(pub String);

/// `DET0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(DetectionStrategy)]
pub struct DetectionStrategyId(pub String);

/// `AN0001`
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, KeyVal)]
#[key_val(Analytic)]
pub struct AnalyticId(pub String);
