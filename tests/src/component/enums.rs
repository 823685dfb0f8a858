//! Enumerations that the inner component shares with the outer one.
//!
//! There is a component in the component, which only gives the exported types their names. The tool that encodes it
//! spells each type out there again, including the 37 error codes of WASI. An enumeration refers to no other type, so
//! an alias to the outer component's has the same meaning in four bytes. The alias takes the number of the type that it
//! replaces, so nothing else changes.

use std::{collections::BTreeMap, convert::Infallible};

use wasm_encoder::{
    Alias, Component, ComponentAliasSection, ComponentOuterAliasKind, ComponentTypeSection,
    reencode::{Error, Reencode, ReencodeComponent, component_utils},
};
use wasmparser::{
    ComponentDefinedType, ComponentInstance, ComponentType, ComponentTypeRef,
    ComponentTypeSectionReader, Parser, Payload, TypeBounds,
};

type Done<T = ()> = Result<T, Error<Infallible>>;

/// The outer component's number for each enumeration that it passes in, by its cases.
type Shared<'a> = BTreeMap<Box<[&'a str]>, u32>;

/// Returns the same component with enumerations shared.
///
/// # Panics
/// If it is not a component.
#[must_use]
pub fn share(component: &[u8]) -> Vec<u8> {
    let mut sharer = Sharer {
        shared: handed_in(component).expect("a component"),
        is_inner: false,
    };
    let mut sharing = Component::new();
    sharer
        .parse_component(&mut sharing, Parser::new(0), component)
        .expect("a component");
    sharing.finish()
}

fn handed_in(component: &[u8]) -> Done<Shared<'_>> {
    let mut arguments = BTreeMap::new();
    let mut enums = BTreeMap::new();
    let mut depth = 0;
    let mut types = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            // The types of the inner component by their numbers, as far as imports use them.
            Payload::ComponentTypeSection(section) if depth == 1 => {
                for ty in section {
                    types.push(cases(&ty?));
                }
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import?;
                    if let ComponentTypeRef::Type(bounds) = import.ty {
                        if let TypeBounds::Eq(number) = bounds
                            && let Some(cases) = types.get(number as usize).cloned().flatten()
                        {
                            enums.insert(import.name.name, cases);
                        }
                        types.push(None);
                    }
                }
            }
            Payload::ComponentInstanceSection(section) => {
                for instance in section {
                    if let ComponentInstance::Instantiate { args, .. } = instance? {
                        arguments.extend(args.iter().map(|arg| (arg.name, arg.index)));
                    }
                }
            }
            _ => {}
        }
    }
    let enums = enums.into_iter();
    Ok(enums
        .filter_map(|(name, cases)| Some((cases, *arguments.get(name)?)))
        .collect())
}

/// Returns the cases of an enumeration.
fn cases<'a>(ty: &ComponentType<'a>) -> Option<Box<[&'a str]>> {
    match ty {
        ComponentType::Defined(ComponentDefinedType::Enum(cases)) => Some(cases.clone()),
        _ => None,
    }
}

/// Copies a component, and puts aliases in place of enumerations.
struct Sharer<'a> {
    shared: Shared<'a>,
    is_inner: bool,
}

impl Sharer<'_> {
    fn share(
        &mut self,
        component: &mut Component,
        section: ComponentTypeSectionReader<'_>,
    ) -> Done {
        let mut types = ComponentTypeSection::new();
        for ty in section {
            let ty = ty?;
            let Some(&index) = cases(&ty).and_then(|cases| self.shared.get(&cases)) else {
                self.parse_component_type(types.ty(), ty)?;
                continue;
            };
            if !types.is_empty() {
                component.section(&types);
                types = ComponentTypeSection::new();
            }
            let mut aliases = ComponentAliasSection::new();
            aliases.alias(Alias::Outer {
                kind: ComponentOuterAliasKind::Type,
                count: 1,
                index,
            });
            component.section(&aliases);
        }
        if !types.is_empty() {
            component.section(&types);
        }
        Ok(())
    }
}

impl Reencode for Sharer<'_> {
    type Error = Infallible;
}

impl ReencodeComponent for Sharer<'_> {
    fn parse_component_payload(
        &mut self,
        component: &mut Component,
        payload: Payload<'_>,
        whole: &[u8],
    ) -> Done {
        match payload {
            Payload::ComponentTypeSection(section) if self.is_inner => {
                self.share(component, section)
            }
            other => component_utils::parse_component_payload(self, component, other, whole),
        }
    }

    fn parse_component_subcomponent(
        &mut self,
        component: &mut Component,
        parser: Parser,
        inner: &[u8],
        whole: &[u8],
    ) -> Done {
        self.is_inner = true;
        component_utils::parse_component_subcomponent(self, component, parser, inner, whole)?;
        self.is_inner = false;
        Ok(())
    }
}
