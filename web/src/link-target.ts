// linkTarget says where the link of a notice leads: to a page of the shop, to another site that
// the shop allows, or nowhere. A link that leads nowhere is shown, not followed.
export function linkTarget(link: string | undefined): 'shop' | 'external' | 'none' {
  if (link && /^\/(?![/\\])/.test(link)) return 'shop'
  if (link && /^https:\/\//.test(link)) return 'external'
  return 'none'
}
