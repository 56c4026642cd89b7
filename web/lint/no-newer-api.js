// The lint rule mstm/no-newer-api refuses what a browser named in package.json does not have. It
// goes by types, so that a member such as URLSearchParams.size is found by its owner, whatever
// the variable is called. What the language itself brought later is kept out by "lib" in tsconfig.json.
import { featureOf, lacks } from './oldest.js'

export default {
  meta: {
    type: 'problem',
    docs: { description: 'refuse platform features that a served browser lacks' },
    messages: { newer: '{{feature}} is missing in {{browser}}, which package.json ("browserslist") names.' },
    schema: [],
  },
  create(context) {
    const services = context.sourceCode.parserServices
    const checker = services.program.getTypeChecker()

    function report(node, feature, browser) {
      if (browser) context.report({ node, messageId: 'newer', data: { feature, browser } })
    }

    return {
      MemberExpression(node) {
        if (node.computed) return
        const name = node.property.name
        const symbol = checker.getSymbolAtLocation(services.esTreeNodeToTSNodeMap.get(node.property))
        for (const { owner, isStatic } of owners(symbol)) {
          report(node.property, `${owner}.${name}`, lacks(featureOf(owner, name, isStatic)))
        }
      },
      Identifier(node) {
        if (node.parent.type === 'MemberExpression' && node.parent.property === node && !node.parent.computed) return
        const symbol = checker.getSymbolAtLocation(services.esTreeNodeToTSNodeMap.get(node))
        if (symbol?.valueDeclaration && fromPlatform(symbol.valueDeclaration) && isGlobal(symbol.valueDeclaration)) {
          report(node, node.name, lacks(featureOf(node.name)))
        }
      },
    }
  },
}

const fromPlatform = (declaration) => /\/lib\.[^/]*\.d\.ts$/.test(declaration.getSourceFile().fileName)
const isGlobal = (declaration) => !declaration.parent.members // of an interface or a type

// owners names the interfaces of the platform that declare a member. Static members are declared
// in the type of a variable (`declare var AbortSignal: { … }`) or in an interface ArrayConstructor.
function* owners(symbol) {
  for (const declaration of symbol?.declarations ?? []) {
    if (!fromPlatform(declaration)) continue
    const holder = declaration.parent
    const name = holder.name?.text
    if (name?.endsWith('Constructor')) yield { owner: name.slice(0, -'Constructor'.length), isStatic: true }
    else if (name) yield { owner: name, isStatic: false }
    else if (holder.parent?.name?.text) yield { owner: holder.parent.name.text, isStatic: true }
  }
}
