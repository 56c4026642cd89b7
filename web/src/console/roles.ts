// The pages that each role sees. The API refuses by itself; here is only what is shown.
import type { Component } from 'vue'
import { ChatLineSquare, Folder, House, Menu, Promotion, Reading, Setting, Shop, Tickets, User } from '@element-plus/icons-vue'
import type { User as Account } from '@/types'

export type Role = 'editor' | 'marketer' | 'finance' | 'support' | 'admin'

export const roleNames: Record<Role, string> = { editor: '编辑', marketer: '营销', finance: '财务', support: '客服', admin: '管理员' }

// mayActAs reports whether a user's roles permit what needs role, or one of several.
export function mayActAs(user: Account | null, role: Role | Role[] | undefined): boolean {
  const roles: string[] = user?.roles ?? []
  if (!role) return isStaff(user)
  return [role].flat().some((r) => roles.includes(r)) || roles.includes('admin')
}

export function isStaff(user: Account | null): boolean {
  return (user?.roles as string[] | undefined)?.some((r) => r in roleNames) ?? false
}

export interface MenuItem {
  name: string // of the route
  title: string
  icon: Component
  role?: Role | Role[]
}

const menu: MenuItem[] = [
  { name: 'orders', title: '订单', icon: Tickets, role: ['finance', 'support'] },
  { name: 'people', title: '学员', icon: User, role: 'support' },
  { name: 'courses', title: '课程', icon: Reading, role: 'editor' },
  { name: 'categories', title: '分类', icon: Menu, role: 'editor' },
  { name: 'front', title: '首页', icon: House, role: 'editor' },
  { name: 'broadcasts', title: '营销', icon: Promotion, role: 'marketer' },
  { name: 'media', title: '文件', icon: Folder, role: 'editor' },
  { name: 'notice-templates', title: '消息模板', icon: ChatLineSquare, role: 'editor' },
  { name: 'papers', title: '店铺资料', icon: Shop, role: 'admin' },
  { name: 'system', title: '系统', icon: Setting, role: ['admin', 'finance', 'marketer'] },
]

export const menuOf = (user: Account | null): MenuItem[] => menu.filter((item) => mayActAs(user, item.role))
