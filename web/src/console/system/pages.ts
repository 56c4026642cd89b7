// The pages of the section, in the order of its tabs.
export const pages = ['connections', 'data-check', 'audit', 'staff', 'api-keys', 'webhooks'] as const
