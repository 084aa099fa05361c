//! Client classes: numbers, expressions, options.

use std::sync::Arc;

use ::options::DefTable;
use base::Family;
use json::{Map, Value};

use super::options::{items, option_items};
use super::scope::{address, lifetime};
use super::{Context, definitions, option_set};
use crate::class_names::{self, is_builtin};
use crate::error::ConfigError;
use crate::parse::objects::{LifetimeNames, PREFERRED, VALID, boolean, int, list, strings, text};
use crate::parse::position;
use crate::{Class, ClassId, ClassTable, Element, OptionSet, builtin};

/// The table while it grows: names that are only referred to get numbers as they are met.
#[derive(Default)]
pub(crate) struct ClassBuilder {
    /// Nobody else's until it is finished; of a configuration before, until the first new name.
    table: Arc<ClassTable>,
    /// The table of a configuration, which does not grow any more.
    known: Option<Arc<ClassTable>>,
}

/// What an expression may name.
struct Scope<'a> {
    classes: &'a mut ClassBuilder,
    definitions: &'a Arc<DefTable>,
    /// Built-in classes and those above it alone, as the test of a class; else any, also such as are only spawned.
    earlier: bool,
}

impl expr::Names for Scope<'_> {
    fn class(&mut self, name: &str) -> Option<ClassId> {
        let known = self
            .classes
            .table
            .id(name)
            .is_some_and(|id| self.classes.table.get(id).is_some_and(|class| class.configured));
        (!self.earlier || known || is_builtin(name)).then(|| self.classes.id(name))
    }

    fn definitions(&self) -> &Arc<DefTable> {
        self.definitions
    }
}

impl ClassBuilder {
    /// Compiles the classes in their order.
    pub(crate) fn new(written: &[Arc<Element>], global: &Arc<DefTable>, ctx: &mut Context<'_>) -> Self {
        let mut builder = Self::default();
        for name in builtin::NAMES {
            builder.id(name);
        }
        for element in written {
            builder.add(element, global, ctx);
        }
        Arc::make_mut(&mut builder.table).arrange();
        builder
    }

    /// Goes on where the table of a configuration with the same classes ended.
    pub(crate) fn after(table: Arc<ClassTable>) -> Self {
        Self { table, known: None }
    }

    /// For objects that come after the classes of a configuration: names that it does not know are nobody's.
    pub(crate) fn of(known: Arc<ClassTable>) -> Self {
        Self { known: Some(known), ..Self::default() }
    }

    /// The number of a name, a new one if need be.
    pub(crate) fn id(&mut self, name: &str) -> ClassId {
        if let Some(known) = &self.known {
            return known.id(name).unwrap_or(ClassId::NOBODY);
        }
        if let Some(id) = self.table.id(name) {
            return id;
        }
        // Bounded by memory long before the numbers end.
        let id = ClassId(u32::try_from(self.table.classes.len()).unwrap_or(u32::MAX));
        let name: Arc<str> = Arc::from(name);
        let table = Arc::make_mut(&mut self.table);
        table.has_vendor_classes |= name.starts_with(class_names::VENDOR);
        table.by_name.insert(Arc::clone(&name), id);
        table.classes.push(Class {
            name,
            test: None,
            template_test: None,
            only_in_additional_list: false,
            depends_on_known: false,
            configured: false,
            next_server: None,
            server_hostname: None,
            boot_file_name: None,
            valid_lifetime: None,
            preferred_lifetime: None,
            offer_lifetime: None,
            options: OptionSet::default(),
        });
        id
    }

    /// The numbers of a list of names; a name twice counts once.
    pub(crate) fn ids(&mut self, map: &Map, list: &str) -> Box<[ClassId]> {
        let mut ids: Vec<ClassId> = Vec::new();
        for name in strings(map, list) {
            let id = self.id(name);
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids.into()
    }

    fn add(&mut self, element: &Element, global: &Arc<DefTable>, ctx: &mut Context<'_>) {
        let map = &element.map;
        ctx.at(&element.pos);
        let Some(name) = text(map, "name") else { return };
        let id = self.id(name);
        if self.table.get(id).is_some_and(|class| class.configured) {
            ctx.fault(
                &element.pos,
                format_args!("Can't add class: Client Class: {name} has already been defined"),
            );
            return;
        }
        let table = definitions(ctx, global, items(map, "option-def").into_iter());
        let test = self.compile_by(expr::compile_bool, ctx, map, "test", &table, true);
        let template_test = self.compile_by(expr::compile_string, ctx, map, "template-test", &table, true);
        let database = !element.server_tags.is_empty();
        let options = option_set(ctx, &table, self, option_items(map, database));
        let depends_on_known = test.iter().chain(&template_test).flat_map(|e| e.classes()).any(|id| {
            *id == builtin::KNOWN
                || *id == builtin::UNKNOWN
                || self.table.get(*id).is_some_and(|class| class.depends_on_known)
        });
        let mut own = |names: &LifetimeNames| {
            let given = names.of(map);
            given.iter().any(Option::is_some).then(|| lifetime(ctx, names, given, &element.pos))
        };
        let (valid_lifetime, preferred_lifetime) = (own(&VALID), own(&PREFERRED));
        let word = |name: &str| text(map, name).filter(|t| !t.is_empty()).map(Arc::from);
        let table = Arc::make_mut(&mut self.table);
        if let Some(class) = usize::try_from(id.0).ok().and_then(|at| table.classes.get_mut(at)) {
            class.test = test;
            class.template_test = template_test;
            class.only_in_additional_list = boolean(map, "only-in-additional-list").unwrap_or(false);
            class.depends_on_known = depends_on_known;
            class.configured = true;
            class.next_server = address(map, "next-server");
            class.server_hostname = word("server-hostname");
            class.boot_file_name = word("boot-file-name");
            class.valid_lifetime = valid_lifetime;
            class.preferred_lifetime = preferred_lifetime;
            class.offer_lifetime = int(map, "offer-lifetime").and_then(|n| u32::try_from(n).ok());
            class.options = options;
        }
        table.configured.push(id);
    }

    /// An expression for a text in a member of a map, of a hook library.
    pub(crate) fn compile(
        &mut self,
        ctx: &mut Context<'_>,
        map: &Map,
        member: &str,
        definitions: &Arc<DefTable>,
    ) -> Option<Arc<expr::Expression>> {
        self.compile_by(expr::compile_string, ctx, map, member, definitions, false)
    }

    /// A condition in a member of a map, of a hook library.
    pub(crate) fn compile_condition(
        &mut self,
        ctx: &mut Context<'_>,
        map: &Map,
        member: &str,
        definitions: &Arc<DefTable>,
    ) -> Option<Arc<expr::Expression>> {
        self.compile_by(expr::compile_bool, ctx, map, member, definitions, false)
    }

    #[allow(clippy::too_many_arguments)]
    fn compile_by(
        &mut self,
        compile: fn(&str, Family, &mut dyn expr::Names) -> Result<expr::Expression, expr::ExprError>,
        ctx: &mut Context<'_>,
        map: &Map,
        member: &str,
        definitions: &Arc<DefTable>,
        earlier: bool,
    ) -> Option<Arc<expr::Expression>> {
        let value = map.get(member)?;
        let written = value.as_str()?;
        let mut scope = Scope { classes: self, definitions, earlier };
        let compiled = compile(written, definitions.family(), &mut scope);
        match compiled {
            Ok(expression) => Some(Arc::new(expression)),
            Err(why) => {
                let pos = ctx.place(&position(map, member, &value.pos())).clone();
                let text = format!("expression: [{written}] error: {why} at ({pos})");
                ctx.push(ConfigError::plain(&pos, text));
                None
            }
        }
    }

    /// Whether vendor and spawned classes count also where nothing names them.
    pub(crate) fn keep_generated(&mut self, keeps: bool) {
        if self.table.keeps_generated != keeps {
            Arc::make_mut(&mut self.table).keeps_generated = keeps;
        }
    }

    pub(crate) fn finish(self) -> Arc<ClassTable> {
        self.table
    }
}

/// Compiles the expressions of classes against definitions, as the servers that get them will. For commands that
/// set single classes.
pub fn check_classes(written: &[Arc<Element>], definitions: &Arc<DefTable>) -> Vec<ConfigError> {
    let env = super::ResolveEnv::default();
    let mut ctx = Context::new(&env, definitions.family());
    ctx.enter("client-classes");
    let _ = ClassBuilder::new(written, definitions, &mut ctx);
    ctx.errors
}

/// Encodes options against definitions, as the servers that get them will. For commands that set single options,
/// and objects that have some: globals, subnets, pools, networks.
pub fn check_options<'e>(
    maps: impl IntoIterator<Item = &'e Element>,
    definitions: &Arc<DefTable>,
) -> Vec<ConfigError> {
    let env = super::ResolveEnv::default();
    let mut ctx = Context::new(&env, definitions.family());
    ctx.enter("option-data");
    let mut classes = ClassBuilder::default();
    for element in maps {
        if ["option-data", "pools", "pd-pools"].iter().any(|name| element.map.contains_key(*name)) {
            let _ = option_set(&mut ctx, definitions, &mut classes, option_items(&element.map, false));
            let pools = ["pools", "pd-pools"].into_iter().flat_map(|name| list(&element.map, name));
            for pool in pools.filter_map(Value::as_map) {
                let _ = option_set(&mut ctx, definitions, &mut classes, option_items(pool, false));
            }
        } else {
            let _ = option_set(
                &mut ctx,
                definitions,
                &mut classes,
                std::iter::once((&element.map, &element.pos, false)),
            );
        }
    }
    ctx.errors
}

/// The definitions of a server: the standard ones and these.
pub fn definition_table(family: Family, written: &[Arc<Element>]) -> Result<Arc<DefTable>, Vec<ConfigError>> {
    let env = super::ResolveEnv::default();
    let mut ctx = Context::new(&env, family);
    ctx.enter("option-def");
    let table = definitions(&mut ctx, &DefTable::standard(family), written.iter().map(|e| (&e.map, &e.pos)));
    if ctx.errors.is_empty() { Ok(table) } else { Err(ctx.errors) }
}
