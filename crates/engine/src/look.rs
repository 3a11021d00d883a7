//! One look at the world.
//!
//! Within one look every query is sent once, however many kinds ask it: routes,
//! route tables and associations share one `DescribeRouteTables`. Each refresh
//! and each tick of a wait takes a fresh look.

use crate::error::CallError;
use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

type Cell = Arc<OnceCell<Result<Arc<dyn Any + Send + Sync>, CallError>>>;

/// Answers that were already fetched in this look, by the text of their query.
#[derive(Debug, Default)]
pub struct Look {
    cells: Mutex<HashMap<String, Cell>>,
    ready_only: bool,
}

impl Look {
    /// A fresh look.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A fresh look of a wait: only whether resources may be used counts, with their outputs and incarnation.
    ///
    /// What a kind would have to ask for with a call of its own, and only a comparison needs (a policy, tags), it leaves
    /// out and answers as the ask has it.
    #[must_use]
    pub fn ready_only() -> Self {
        Self { ready_only: true, ..Self::default() }
    }

    /// Are the answers compared with what is wanted? See [`Look::ready_only`].
    #[must_use]
    pub fn compares(&self) -> bool {
        !self.ready_only
    }

    /// The answer to a query; fetched by whoever asks first, also when many ask at once.
    ///
    /// The query's text must name everything its answer depends on (operation, region, filters).
    ///
    /// # Errors
    /// The call's own, or [`crate::Class::Other`] when two queries of one text differ in type.
    pub async fn once<T, F>(&self, query: &str, fetch: F) -> Result<Arc<T>, CallError>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, CallError>>,
    {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(query.to_owned()).or_default())
        };
        let fetch = async { fetch.await.map(|answer| Arc::new(answer) as Arc<dyn Any + Send + Sync>) };
        let answer = cell.get_or_init(|| fetch).await.clone()?;
        answer
            .downcast::<T>()
            .map_err(|_| CallError::new(query, crate::Class::Other, "one query text was used for two answers"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_query_is_sent_once_and_its_failure_is_shared() {
        let look = Look::new();
        assert_eq!(*look.once("q", async { Ok(1_u8) }).await.unwrap(), 1);
        assert_eq!(*look.once("q", async { Ok(2_u8) }).await.unwrap(), 1);
        assert!(look.once::<u16, _>("q", async { Ok(1) }).await.is_err());
        let denied = || CallError::new("r", crate::Class::Denied, "no");
        assert!(look.once::<u8, _>("r", async { Err(denied()) }).await.is_err());
        assert_eq!(look.once::<u8, _>("r", async { Ok(1) }).await.unwrap_err(), denied());
    }
}
