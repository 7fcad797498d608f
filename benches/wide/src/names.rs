//! The words that names are made of.

/// The derived types.
const RECORDS: [&str; 25] = [
    "Encounter",
    "Observation",
    "Condition",
    "Procedure",
    "Medication",
    "Immunization",
    "Allergy",
    "Specimen",
    "Imaging",
    "Report",
    "CarePlan",
    "Referral",
    "Consent",
    "Patient",
    "Practitioner",
    "Organization",
    "Location",
    "Device",
    "Coverage",
    "Claim",
    "Account",
    "Appointment",
    "Schedule",
    "Inventory",
    "Audit",
];

const NOUNS: [&str; 25] = [
    "Visit",
    "Vital",
    "Lesion",
    "Surgery",
    "Drug",
    "Vaccine",
    "Reaction",
    "Sample",
    "Scan",
    "Finding",
    "Goal",
    "Transfer",
    "Permit",
    "Person",
    "Clinician",
    "Clinic",
    "Ward",
    "Implant",
    "Policy",
    "Invoice",
    "Ledger",
    "Booking",
    "Roster",
    "Stock",
    "Access",
];

const ASPECTS: [&str; 6] = ["Detail", "Period", "Origin", "Measure", "Contact", "Note"];

const CHOICES: [&str; 4] = ["Status", "Category", "Reason", "Outcome"];

const FIELDS: [&str; 24] = [
    "code", "label", "amount", "unit", "started", "ended", "priority", "comment", "verified", "count", "ratio",
    "author", "source", "site", "method", "rank", "lot", "dose", "rate", "limit", "serial", "language", "text",
    "score",
];

const VARIANTS: [&str; 12] = [
    "Unknown",
    "Planned",
    "Active",
    "Suspended",
    "Completed",
    "Cancelled",
    "Routine",
    "Urgent",
    "Partial",
    "External",
    "Revised",
    "Disputed",
];

/// The name at a position: the words in turn, combined with every second word, and with a number when those are used up.
fn composed(first: &[&str], second: &[&str], position: usize) -> String {
    let (word, round) = (first[position % first.len()], position / first.len());
    match second.get(round) {
        Some(suffix) => format!("{word}{suffix}"),
        None => format!("{word}{}{round}", second[round % second.len()]),
    }
}

fn numbered(words: &[&str], position: usize) -> String {
    match position / words.len() {
        0 => words[position].to_owned(),
        round => format!("{}{}", words[position % words.len()], round + 1),
    }
}

pub(crate) fn record(position: usize) -> String {
    numbered(&RECORDS, position)
}

pub(crate) fn structure(position: usize) -> String {
    composed(&NOUNS, &ASPECTS, position)
}

pub(crate) fn choice(position: usize) -> String {
    composed(&NOUNS, &CHOICES, position)
}

pub(crate) fn variant(position: usize) -> String {
    numbered(&VARIANTS, position)
}

/// The name of the field at a position of its type. The names of a type's fields differ.
pub(crate) fn field(position: usize, shift: usize) -> String {
    let word = FIELDS[(position + shift) % FIELDS.len()];
    match position / FIELDS.len() {
        0 => word.to_owned(),
        round => format!("{word}_{}", round + 1),
    }
}

/// `CarePlan` as `care_plan`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (position, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
