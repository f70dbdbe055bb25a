// Who belongs to the share.

// The per cent that a text says, or -1.
export function readShare(text: string): i32 {
  if (text.length == 0 || text.length > 3) return -1;
  let share = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return -1;
    share = share * 10 + digit;
  }
  return share <= 100 ? share : -1;
}

// Whether a user is in it: the same answer each time, and who is in a share is in every larger one.
export function isCanary(user: string, share: i32): bool {
  return user.length > 0 && i32(fnv1a(user) % 100) < share;
}

// The hash FNV-1a, 32 bits, of the text's UTF-8.
function fnv1a(text: string): u32 {
  const bytes = Uint8Array.wrap(String.UTF8.encode(text));
  let hash: u32 = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) {
    hash = (hash ^ bytes[i]) * 0x01000193;
  }
  return hash;
}
