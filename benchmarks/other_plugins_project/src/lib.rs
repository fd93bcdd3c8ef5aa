//! Tests in Rust as other plugins meet them. Those below `twins` are those of `test_twins.py`.

/// Adds one, three times over.
///
/// ```
/// assert_eq!(eggs::add(1), 2);
/// ```
///
/// ```
/// assert_eq!(eggs::add(1), 3);
/// ```
///
/// ```ignore
/// assert_eq!(eggs::add(1), 4);
/// ```
pub fn add(value: i32) -> i32 {
    value + 1
}

#[repr(C)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of Point"][::std::mem::size_of::<Point>() - 8usize];
    ["Alignment of Point"][::std::mem::align_of::<Point>() - 4usize];
    ["Offset of field: Point::x"][::std::mem::offset_of!(Point, x) - 0usize];
    ["Offset of field: Point::y"][::std::mem::offset_of!(Point, y) - 4usize];
};

#[cfg(test)]
mod twins {
    #[test]
    fn passes() {
        println!("said by one that passes");
    }

    #[test]
    fn fails() {
        println!("said by one that fails");
        assert_eq!(1 + 1, 3, "sums");
    }

    #[test]
    #[ignore = "not today"]
    fn skipped() {}

    #[test]
    fn expected() {
        panic!("as a mark expects");
    }

    #[test]
    fn recovers() {
        let seen = std::path::Path::new("recovers-rust");
        let again = seen.exists();
        std::fs::write(seen, "").unwrap();
        assert!(again, "the first time");
    }

    #[test]
    fn has_a_name_that_is_so_long_that_it_takes_more_than_a_line_of_eighty_columns_anywhere()
    {
    }
}

#[cfg(test)]
mod same {
    #[test]
    fn same() {}

    mod same {
        #[test]
        fn inner() {}
    }
}
