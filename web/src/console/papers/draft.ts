import type { AdminPapers, PapersEdit } from '../types'

// draftOf is what of the papers is edited.
export function draftOf(p: AdminPapers): PapersEdit {
  const { name, slogan, logo, company, icp, police, contact, terms, privacy, refunds } = p
  return { name, slogan, logo, company, icp, police, contact: { ...contact }, terms, privacy, refunds }
}

export const missingWords: Record<AdminPapers['missing'][number], string> = {
  name: '店名', company: '运营主体', icp: 'ICP 备案号', police: '公安备案号', contact: '客服联系方式', terms: '自己的用户协议（现在是系统自带的）', privacy: '自己的隐私政策（现在是系统自带的）',
}
