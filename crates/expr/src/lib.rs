//! The language of client class tests: from text, through typed trees, to values over a query
//! (Kea manual, chapter "Client Classification").
//!
//! [`compile_bool`] and [`compile_string`] check everything that can be checked without a packet: spelling, types,
//! option names, class names. What is left for evaluation are conversions of octets of the wrong length; they give
//! an [`EvalError`], never a panic.
//!
//! Invariants: nothing here knows a packet format, only [`QueryView`]. An expression is immutable and can be
//! evaluated by many threads at once. Evaluation takes time linear in the size of expression and packet; regular
//! expressions included.
//!
//! Where the language leaves room: `vendor[id]` and `vendor-class[id]` find the first instance with that enterprise
//! number, `vendor[*]`, `vendor.enterprise` and the like look at the first instance. Regular expressions are those of
//! the crate `regex` without Unicode: no back-references and no look-around, which are refused.

mod candidates;
mod error;
mod eval;
mod lexer;
mod names;
mod parse;
mod path;
mod regexp;
mod text;
mod tree;
mod value;
mod view;

pub use base::Family;
pub use candidates::Candidates;
pub use error::{EvalError, ExprError, Problem, Span, Spot};
pub use names::{AnyClass, ClassId, Names};
pub use value::Octets;
pub use view::QueryView;

/// A compiled expression.
#[derive(Clone, Debug)]
pub struct Expression {
    root: Root,
    family: Family,
    classes: Box<[ClassId]>,
}

#[derive(Clone, Debug)]
enum Root {
    Bool(tree::Bool),
    Str(tree::Str),
}

/// Compiles a boolean expression: `test` of a class and the like. The place in an error is a line and columns of
/// `text`.
pub fn compile_bool(text: &str, family: Family, names: &mut dyn Names) -> Result<Expression, ExprError> {
    let mut parser = parse::Parser::new(text, family, names);
    let root = Root::Bool(parser.whole_bool()?);
    Ok(Expression { root, family, classes: parser.classes.into() })
}

/// Compiles an expression of string value: `template-test`, identifiers and names made from packets.
pub fn compile_string(text: &str, family: Family, names: &mut dyn Names) -> Result<Expression, ExprError> {
    let mut parser = parse::Parser::new(text, family, names);
    let root = Root::Str(parser.whole_string()?);
    Ok(Expression { root, family, classes: parser.classes.into() })
}

impl Expression {
    /// Classes whose membership the expression asks for, each once.
    #[must_use]
    pub fn classes(&self) -> &[ClassId] {
        &self.classes
    }

    /// The truth of the expression for a query. A string expression must give `true` or `false`.
    pub fn eval_bool<V: QueryView + ?Sized>(&self, view: &V) -> Result<bool, EvalError> {
        match &self.root {
            Root::Bool(root) => eval::boolean(root, self.family, view),
            Root::Str(root) => match &*eval::string(root, self.family, view)? {
                b"true" => Ok(true),
                b"false" => Ok(false),
                _ => Err(EvalError::NotBoolean),
            },
        }
    }

    /// The octets of the expression for a query; `true` or `false` for a boolean one.
    pub fn eval_string<'v, V: QueryView + ?Sized>(&'v self, view: &'v V) -> Result<Octets<'v>, EvalError> {
        match &self.root {
            Root::Bool(root) => {
                Ok(Octets::Slice(if eval::boolean(root, self.family, view)? { b"true" } else { b"false" }))
            }
            Root::Str(root) => eval::string(root, self.family, view),
        }
    }
}
