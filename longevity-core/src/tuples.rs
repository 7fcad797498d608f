//! A macro that implements traits for tuples.

/// Calls a macro with the parameters and the positions of a tuple, for tuples of up to eight.
macro_rules! for_each_tuple {
    ($of_tuple:ident) => {
        $of_tuple!(A 0);
        $of_tuple!(A 0, B 1);
        $of_tuple!(A 0, B 1, C 2);
        $of_tuple!(A 0, B 1, C 2, D 3);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
        $of_tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
    };
}
