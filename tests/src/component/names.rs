//! Short names inside the component.
//!
//! A component names its parts for each other: the imports and exports of the core modules in it, and the imports of
//! the inner component that gives the exported types their names. They match only because both sides have the same
//! name, and they are not visible from outside. Yet the tool that encodes components spells each of them out,
//! `lockhost:lockfile/lockfile@0.1.0#[method]attempt.try` and the like, two or three times over. Here each gets a short
//! name, the same wherever it stands. The component's own imports and exports keep their names.
//!
//! Custom sections, which are names for debuggers and a note of the tools, are left out.

use std::{collections::BTreeMap, convert::Infallible};

use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentImportSection, ComponentInstanceSection,
    ExportSection, Import, ImportSection, InstanceSection, Module, ModuleArg,
    reencode::{Error, Reencode, ReencodeComponent, component_utils},
};
use wasmparser::{
    ComponentAliasSectionReader, ComponentImportSectionReader, ComponentInstance,
    CustomSectionReader, Export, Imports, Instance, Parser,
};

type Done<T = ()> = Result<T, Error<Infallible>>;

/// Returns the same component with short names inside.
///
/// # Panics
/// If it is not a component, or has parts other than those which the tools make today.
#[must_use]
pub fn shorten(component: &[u8]) -> Vec<u8> {
    let mut short = Component::new();
    let parser = Parser::new(0);
    Shortener::default()
        .parse_component(&mut short, parser, component)
        .expect("a component");
    short.finish()
}

/// The short name of each name so far.
#[derive(Default)]
struct Names(BTreeMap<String, String>);

impl Names {
    fn short(&mut self, name: &str) -> String {
        let number = self.0.len() as u32;
        let short = self.0.entry(name.to_owned());
        short.or_insert_with(|| nth(number)).clone()
    }
}

/// Returns the name with a number: a letter first, as a component's imports require, then letters and digits.
fn nth(number: u32) -> String {
    let mut name = String::from(char::from(b'a' + (number % 26) as u8));
    let mut rest = number / 26;
    while rest > 0 {
        name.extend(char::from_digit(rest % 36, 36));
        rest /= 36;
    }
    name
}

/// Copies a component, and changes its names.
#[derive(Default)]
struct Shortener {
    /// The names of core modules and their instances.
    core: Names,
    /// The names of the inner component's imports.
    inner: Names,
    is_inner: bool,
}

impl Reencode for Shortener {
    type Error = Infallible;

    fn parse_imports(&mut self, section: &mut ImportSection, imports: Imports<'_>) -> Done {
        let Imports::Single(_, import) = imports else {
            panic!("imports in a form that no tool writes yet");
        };
        section.imports(wasm_encoder::Imports::Single(Import {
            module: &self.core.short(import.module),
            name: &self.core.short(import.name),
            ty: self.entity_type(import.ty)?,
        }));
        Ok(())
    }

    fn parse_export(&mut self, section: &mut ExportSection, export: Export<'_>) -> Done {
        let name = self.core.short(export.name);
        section.export(&name, export.kind.into(), export.index);
        Ok(())
    }

    fn parse_custom_section(&mut self, _: &mut Module, _: CustomSectionReader<'_>) -> Done {
        Ok(())
    }
}

impl ReencodeComponent for Shortener {
    fn parse_instance(&mut self, section: &mut InstanceSection, instance: Instance<'_>) -> Done {
        match instance {
            Instance::Instantiate { module_index, args } => {
                let args = args.iter().map(|arg| {
                    let name = self.core.short(arg.name);
                    (name, ModuleArg::Instance(arg.index))
                });
                section.instantiate(module_index, args.collect::<Vec<_>>());
            }
            Instance::FromExports(exports) => {
                let exports = exports.iter().map(|export| {
                    let name = self.core.short(export.name);
                    (name, export.kind.into(), export.index)
                });
                section.export_items(exports.collect::<Vec<_>>());
            }
        }
        Ok(())
    }

    fn parse_component_alias_section(
        &mut self,
        section: &mut ComponentAliasSection,
        aliases: ComponentAliasSectionReader<'_>,
    ) -> Done {
        for alias in aliases {
            let mut alias = self.component_alias(alias?)?;
            let short;
            if let Alias::CoreInstanceExport { name, .. } = &mut alias {
                short = self.core.short(name);
                *name = &short;
            }
            section.alias(alias);
        }
        Ok(())
    }

    fn parse_component_subcomponent(
        &mut self,
        component: &mut Component,
        parser: Parser,
        inner: &[u8],
        whole: &[u8],
    ) -> Done {
        assert!(
            !self.is_inner,
            "components nest deeper than any tool writes them yet"
        );
        self.is_inner = true;
        component_utils::parse_component_subcomponent(self, component, parser, inner, whole)?;
        self.is_inner = false;
        Ok(())
    }

    fn parse_component_import_section(
        &mut self,
        section: &mut ComponentImportSection,
        imports: ComponentImportSectionReader<'_>,
    ) -> Done {
        if !self.is_inner {
            return component_utils::parse_component_import_section(self, section, imports);
        }
        for import in imports {
            let import = import?;
            let name = self.inner.short(import.name.name);
            section.import(name.as_str(), self.component_type_ref(import.ty)?);
        }
        Ok(())
    }

    fn parse_component_instance(
        &mut self,
        section: &mut ComponentInstanceSection,
        instance: ComponentInstance<'_>,
    ) -> Done {
        let ComponentInstance::Instantiate {
            component_index,
            args,
        } = instance
        else {
            return component_utils::parse_component_instance(self, section, instance);
        };
        let args = args.iter().map(|arg| {
            let name = self.inner.short(arg.name);
            (name, arg.kind.into(), arg.index)
        });
        section.instantiate(component_index, args.collect::<Vec<_>>());
        Ok(())
    }

    fn parse_component_custom_section(
        &mut self,
        _: &mut Component,
        _: CustomSectionReader<'_>,
    ) -> Done {
        Ok(())
    }
}
