// How the acts and objects of the audit read.
import type { AuditRow } from '../types'

const acts: Record<string, string> = {
  M1: '下单', M2: '免费下单', M4: '支付成功', M5: '课程已开通', M7: '开始关闭订单', M8: '订单已关闭', M9: '关闭途中收到付款', M10: '关闭后收到付款', M11: '开始退款', M12: '退款到账',
  M13: '付款不符', M14: '按实收收下', M15: '退回异常付款', M16: '退回没有订单的付款', M17: '人工开通课程',
  roles_set: '设置角色', blocked: '停用账号', unblocked: '恢复账号', account_deleted: '注销账号', noted: '添加备注', key_created: '创建 API 密钥', key_deleted: '吊销 API 密钥',
  course_created: '新建课程', course_edited: '修改课程', course_plan_done: '按计划上下架', course_plan_failed: '上下架计划未能执行', uploaded: '上传文件', edit: '修改消息模板', reset: '恢复消息模板', wechat_bound: '绑定微信', wechat_unbound: '解绑微信',
  wechat_moved_away: '微信换绑到其他账号', wechat_may_log_in: '允许微信登录', unmatched_match: '付款归到订单', unmatched_refund: '退回不符的付款', unmatched_dismiss: '忽略不符的付款',
  webhook_created: '新建 Webhook', webhook_edited: '修改 Webhook', webhook_rotated: '更换 Webhook 密钥', webhook_paused: '暂停 Webhook', webhook_resumed: '恢复 Webhook', webhook_deleted: '删除 Webhook',
  webhook_tested: '测试 Webhook', webhook_replayed: '补发 Webhook',
  staff_call: '调用接口', api_key_call: '程序调用接口',
}
export const act = (name: string): string => acts[name] ?? name
export const actNames = Object.keys(acts)

const kinds: Record<string, string> = {
  order: '订单', user: '账号', course: '课程', key: '密钥', media: '文件', broadcast: '广播', notice_template: '消息模板', unmatched: '付款', reconciliation: '对账', shop: '商店', webhook: 'Webhook',
}
export function object(row: AuditRow): string {
  const [kind = '', id = ''] = row.object.split(/:(.*)/s)
  return `${kinds[kind] ?? kind} ${row.object_name ?? id}`.trim()
}

const actors: Record<string, string> = { shop: '商店', wechat: '微信', operator: '命令行', sweeper: '商店' }
export const actor = (row: AuditRow): string => row.by_name ?? actors[row.by] ?? row.by

// linkOf is the console's page of an object, undefined where there is none.
export function linkOf(row: AuditRow) {
  const [kind, id = ''] = row.object.split(/:(.*)/s)
  if (kind === 'order') return { name: 'order', params: { order: id } }
  if (kind === 'user') return { name: 'person', params: { user: id } }
  if (kind === 'course') return { name: 'course', params: { course: id } }
  return undefined
}

const fields: Record<string, string> = {
  reason: '原因', roles: '角色', route: '接口', method: '方法', from: '从', to: '到', amount: '金额', title: '课程名', subtitle: '副标题', state: '状态', prices: '价格', outline: '大纲',
  description: '介绍', teacher: '讲师', cover: '封面', category_id: '分类', ladder: '阶梯规则', course: '课程', until: '到期', name: '名称', scopes: '权限', url: '网址', types: '事件', delivery: '投递', since: '起始时间', old_secret: '旧密钥保留',
}
export const field = (name: string): string => fields[name] ?? name
