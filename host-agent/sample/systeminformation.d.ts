/** Parts of the library by themselves: the whole of it takes twice the memory. */
declare module 'systeminformation/lib/cpu.js' {
  export { cpu } from 'systeminformation';
}
declare module 'systeminformation/lib/memory.js' {
  export { mem } from 'systeminformation';
}
declare module 'systeminformation/lib/osinfo.js' {
  export { osInfo } from 'systeminformation';
}
declare module 'systeminformation/lib/system.js' {
  export { system } from 'systeminformation';
}
