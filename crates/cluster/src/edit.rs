//! Field by field: the table of grades, and a Modify request that holds only what differs.

use auroractl_core::{Context, Impact, When};

/// The table of a kind's fields: for each, whether it is always managed (`field`) or only while the stack sets it
/// (`managed`), and what an edit of it costs. The names are the bindings of the exhaustive pattern before it.
macro_rules! table {
    ($d:ident, $old:ident: $($method:ident $name:ident, $grade:expr;)*) => {
        $($d.$method(stringify!($name), &$old.$name, $name, $grade);)*
    };
}
pub(crate) use table;

/// A request and whether anything was put into it.
pub(crate) struct Edit<B> {
    request: B,
    needed: bool,
}

impl<B> Edit<B> {
    /// A request that edits nothing yet.
    pub(crate) fn new(request: B) -> Self {
        Self { request, needed: false }
    }

    /// Puts a field into the request if it differs.
    pub(crate) fn when(self, differs: bool, put: impl FnOnce(B) -> B) -> Self {
        if differs { Self { request: put(self.request), needed: true } } else { self }
    }

    /// Puts a field into the request if it is managed and differs.
    pub(crate) fn managed<T: PartialEq>(self, from: &Option<T>, to: &Option<T>, put: impl FnOnce(B, &T) -> B) -> Self {
        match to {
            Some(value) if from != to => self.when(true, |request| put(request, value)),
            _ => self,
        }
    }

    /// Puts a value into the request if there is one; on its own it is no reason to send anything.
    pub(crate) fn beside<T>(self, value: Option<T>, put: impl FnOnce(B, T) -> B) -> Self {
        match value {
            Some(value) => Self { request: put(self.request, value), ..self },
            None => self,
        }
    }

    /// The request, if there is anything to send.
    pub(crate) fn finish(self) -> Option<B> {
        self.needed.then_some(self.request)
    }
}

/// When an edit is felt that waits for the maintenance window if the stack says so.
#[derive(Clone, Copy)]
pub(crate) struct Timed {
    pub(crate) deferred: bool,
}

impl Timed {
    /// The same grade, felt then.
    pub(crate) fn by<T>(
        self,
        grade: impl Fn(&T, &T, &Context<'_>) -> Impact,
    ) -> impl Fn(&T, &T, &Context<'_>) -> Impact {
        move |old, new, context| {
            let impact = grade(old, new, context);
            if self.deferred { impact.when(When::InWindow) } else { impact }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_without_differences_is_not_sent() {
        let push = |mut list: Vec<u8>, value: &u8| {
            list.push(*value);
            list
        };
        let start = || Edit::new(Vec::<u8>::new());
        assert_eq!(start().managed(&Some(1), &Some(1), push).managed(&Some(1), &None, push).finish(), None);
        assert_eq!(
            start().managed(&Some(1), &Some(2), push).when(true, |list| push(list, &3)).finish(),
            Some(vec![2, 3])
        );
        let beside = |list, value| push(list, &value);
        assert_eq!(start().beside(Some(4), beside).finish(), None);
        assert_eq!(start().when(true, |list| push(list, &3)).beside(Some(4), beside).finish(), Some(vec![3, 4]));
    }
}
