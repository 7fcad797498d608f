//! The types of the model and what they hold. They are a graph of bounded depth in which every type is reached, and a few
//! recursive types.

use crate::chance::Chance;
use crate::names;

/// The number of levels of components below the derived types.
const LEVELS: usize = 5;

/// The number of types in a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Derived types, in two poly types.
    pub records: usize,
    /// Components that are structs.
    pub structs: usize,
    /// Components that are enums.
    pub enums: usize,
}

impl Size {
    /// The size of a model of health records.
    pub const WHOLE: Self = Self { records: 25, structs: 150, enums: 85 };
    /// A part that compiles quickly but is still deep enough.
    pub const SLICE: Self = Self { records: 4, structs: 30, enums: 16 };
}

/// A basic type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `String`
    Text,
    /// `bool`
    Flag,
    /// `u32`
    Count,
    /// `i64`
    Number,
    /// `f64`
    Real,
}

/// The type of a value: a scalar, or a type of the model by its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A basic type.
    Scalar(Scalar),
    /// One of [`Model::structs`].
    Struct(usize),
    /// One of [`Model::enums`].
    Enum(usize),
}

/// The number of values that a field holds, and how it holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One value.
    One,
    /// One value, in a `Box`.
    Boxed,
    /// `Option<..>`
    Optional,
    /// `Option<Box<..>>`
    OptionalBoxed,
    /// `Vec<..>`
    List,
    /// `BTreeMap<String, ..>`
    Map,
}

/// What a field or a variant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    /// The number of values, and how they are held.
    pub form: Form,
    /// The type of each value.
    pub of: Of,
}

/// A field with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name in snake case.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// A variant of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variant {
    /// Nothing.
    Unit,
    /// One value without a name.
    Newtype(Type),
    /// Fields.
    Struct(Vec<Field>),
}

/// An enum: its name, and the names and contents of its variants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Its name.
    pub name: String,
    /// Its variants.
    pub variants: Vec<(String, Variant)>,
}

/// All types, by position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The derived types: the name of each, and its fields after the key, `recorded_on` and `active`, which all of them have.
    pub records: Vec<(String, Vec<Field>)>,
    /// The structs that are components.
    pub structs: Vec<(String, Vec<Field>)>,
    /// The enums that are components.
    pub enums: Vec<Sum>,
}

impl Model {
    /// The poly types, each with the positions of its derived types in [`Model::records`].
    pub fn polys(&self) -> [(&'static str, std::ops::Range<usize>); 2] {
        let half = self.records.len().div_ceil(2);
        [("Clinical", 0..half), ("Registry", half..self.records.len())]
    }

    /// The model of this size, which is always the same.
    pub fn new(size: Size) -> Self {
        let mut made = Making { size, chance: Chance::new(0x1e_4e17), owned: Owned::new(size) };
        made.give_owners();
        let records = (0..size.records).map(|at| (names::record(at), made.record(at))).collect();
        let mut structs: Vec<_> = (0..size.structs).map(|at| (names::structure(at), made.structure(at))).collect();
        let mut enums: Vec<_> = (0..size.enums).map(|at| made.sum(at)).collect();
        // Recursive types: a chain, a tree, and a logic of conditions.
        let within = |name: &str, form, of| Field { name: name.to_owned(), ty: Type { form, of } };
        if let Some((_, fields)) = structs.get_mut(size.structs / 3) {
            fields.push(within("following", Form::OptionalBoxed, Of::Struct(size.structs / 3)));
        }
        if let Some((_, fields)) = structs.get_mut(size.structs / 2) {
            fields.push(within("parts", Form::List, Of::Struct(size.structs / 2)));
        }
        if let Some(sum) = enums.get_mut(size.enums / 2) {
            let this = Of::Enum(size.enums / 2);
            sum.variants.push(("Not".to_owned(), Variant::Newtype(Type { form: Form::Boxed, of: this })));
            sum.variants.push(("All".to_owned(), Variant::Newtype(Type { form: Form::List, of: this })));
        }
        Self { records, structs, enums }
    }

    /// The fields that every derived type begins with, after its key.
    pub fn common_fields() -> [Field; 2] {
        let field =
            |name: &str, scalar| Field { name: name.to_owned(), ty: Type { form: Form::One, of: Of::Scalar(scalar) } };
        [field("recorded_on", Scalar::Number), field("active", Scalar::Flag)]
    }
}

/// The types that each type has to hold, so that every type is reached.
struct Owned {
    of_records: Vec<Vec<Of>>,
    of_structs: Vec<Vec<Of>>,
}

impl Owned {
    fn new(size: Size) -> Self {
        Self { of_records: vec![Vec::new(); size.records], of_structs: vec![Vec::new(); size.structs] }
    }
}

struct Making {
    size: Size,
    chance: Chance,
    owned: Owned,
}

impl Making {
    /// The level of the type at this position among `of` types: from 1, just below the derived types, to the last level.
    fn level(position: usize, of: usize) -> usize {
        1 + position * LEVELS / of.max(1)
    }

    /// The positions of the types of a level, among `of` types.
    fn at(level: usize, of: usize) -> Vec<usize> {
        (0..of).filter(|position| Self::level(*position, of) == level).collect()
    }

    fn give_owners(&mut self) {
        let Size { structs, enums, .. } = self.size;
        let all_structs = (0..structs).map(|at| (Of::Struct(at), Self::level(at, structs)));
        let all_enums = (0..enums).map(|at| (Of::Enum(at), Self::level(at, enums)));
        for (of, level) in all_structs.chain(all_enums) {
            if level == 1 {
                let owner = self.chance.below(self.size.records);
                self.owned.of_records[owner].push(of);
            } else {
                let above = Self::at(level - 1, structs);
                let owner = above[self.chance.below(above.len())];
                self.owned.of_structs[owner].push(of);
            }
        }
    }

    /// A type on a lower level.
    fn deeper(&mut self, level: usize) -> Option<Of> {
        let Size { structs, enums, .. } = self.size;
        let below: Vec<_> = (0..structs)
            .filter(|at| Self::level(*at, structs) > level)
            .map(Of::Struct)
            .chain((0..enums).filter(|at| Self::level(*at, enums) > level).map(Of::Enum))
            .collect();
        (!below.is_empty()).then(|| below[self.chance.below(below.len())])
    }

    fn scalar(&mut self) -> Of {
        use Scalar::{Count, Flag, Number, Real, Text};
        Of::Scalar(self.chance.weighted(&[(4, Text), (1, Flag), (1, Count), (2, Number), (1, Real)]).unwrap_or(Text))
    }

    fn formed(&mut self, of: Of) -> Type {
        use Form::{List, Map, One, Optional};
        let forms = match of {
            Of::Scalar(_) => [(50, One), (35, Optional), (10, List), (5, Map)],
            Of::Struct(_) => [(12, One), (50, Optional), (28, List), (10, Map)],
            Of::Enum(_) => [(40, One), (40, Optional), (15, List), (5, Map)],
        };
        Type { form: self.chance.weighted(&forms).unwrap_or(One), of }
    }

    /// Fields with these types, `scalars` scalars, and `others` types of lower levels.
    fn fields(&mut self, mut held: Vec<Of>, level: usize, scalars: usize, others: usize) -> Vec<Field> {
        held.extend((0..scalars).map(|_| self.scalar()));
        for _ in 0..others {
            held.extend(self.deeper(level));
        }
        let shift = self.chance.below(24);
        let mut fields = Vec::new();
        while !held.is_empty() {
            let of = held.swap_remove(self.chance.below(held.len()));
            fields.push(Field { name: names::field(fields.len(), shift), ty: self.formed(of) });
        }
        fields
    }

    fn record(&mut self, position: usize) -> Vec<Field> {
        let held = std::mem::take(&mut self.owned.of_records[position]);
        let (scalars, others) = (5 + self.chance.below(6), 2 + self.chance.below(3));
        self.fields(held, 0, scalars, others)
    }

    fn structure(&mut self, position: usize) -> Vec<Field> {
        let held = std::mem::take(&mut self.owned.of_structs[position]);
        let (scalars, others) = (3 + self.chance.below(4), 1 + self.chance.below(3));
        self.fields(held, Self::level(position, self.size.structs), scalars, others)
    }

    /// The enum at this position. A third of the enums are choices without data.
    fn sum(&mut self, position: usize) -> Sum {
        let level = Self::level(position, self.size.enums);
        let count = 3 + self.chance.below(4);
        let with_data = !position.is_multiple_of(3);
        let variants = (0..count).map(|at| {
            let held = match at % 3 {
                1 if with_data => {
                    let of = self.deeper(level).filter(|_| self.chance.below(2) == 0);
                    let of = of.unwrap_or_else(|| self.scalar());
                    Variant::Newtype(Type { form: Form::One, of })
                }
                2 if with_data => {
                    let (scalars, others) = (1 + self.chance.below(2), self.chance.below(2));
                    Variant::Struct(self.fields(Vec::new(), level, scalars, others))
                }
                _ => Variant::Unit,
            };
            (names::variant(at), held)
        });
        let variants = variants.collect();
        Sum { name: names::choice(position), variants }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Flavour, source};
    use std::collections::BTreeSet;

    #[test]
    fn the_model_has_its_documented_size_and_is_always_the_same() {
        for size in [Size::WHOLE, Size::SLICE] {
            let model = Model::new(size);
            assert_eq!(
                (model.records.len(), model.structs.len(), model.enums.len()),
                (size.records, size.structs, size.enums)
            );
            assert_eq!(model, Model::new(size));
            let names = model.records.iter().map(|(name, _)| name);
            let names = names.chain(model.structs.iter().map(|(name, _)| name));
            let names: BTreeSet<_> = names.chain(model.enums.iter().map(|sum| &sum.name)).collect();
            assert_eq!(names.len(), size.records + size.structs + size.enums);
            assert_eq!(source(&model, Flavour::Longevity, false), source(&model, Flavour::Longevity, false));
        }
    }

    #[test]
    fn every_type_is_reached_and_every_form_is_there() {
        let model = Model::new(Size::WHOLE);
        let mut left: Vec<Type> = model.records.iter().flat_map(|(_, fields)| fields).map(|field| field.ty).collect();
        let (mut forms, mut structs, mut enums) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        while let Some(ty) = left.pop() {
            forms.insert(format!("{:?}", ty.form));
            match ty.of {
                Of::Struct(at) if structs.insert(at) => left.extend(model.structs[at].1.iter().map(|field| field.ty)),
                Of::Enum(at) if enums.insert(at) => {
                    for (_, variant) in &model.enums[at].variants {
                        match variant {
                            Variant::Unit => {}
                            Variant::Newtype(ty) => left.push(*ty),
                            Variant::Struct(fields) => left.extend(fields.iter().map(|field| field.ty)),
                        }
                    }
                }
                _ => {}
            }
        }
        assert_eq!((structs.len(), enums.len()), (150, 85));
        assert_eq!(forms.len(), 6, "{forms:?}");
    }
}
