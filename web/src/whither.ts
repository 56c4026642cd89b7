// whither says where the link of a notice leads: to a page of ours, to another site that the shop
// allows, or nowhere: what is neither is shown, not followed.
export function whither(link: string | undefined): 'ours' | 'theirs' | 'nowhere' {
  if (link && /^\/(?![/\\])/.test(link)) return 'ours'
  if (link && /^https:\/\//.test(link)) return 'theirs'
  return 'nowhere'
}
